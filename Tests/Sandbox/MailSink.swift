import Execution
import FoundationEssentials
import Glibc
import Lifecycle
import Primitives
import Synchronization
import TestKit

/// A mail box: takes every mail by SMTP (RFC 5321, what a client needs of it) and keeps the newest.
final class MailSink: Service {
    struct Mail: Codable, Sendable {
        let at: Date
        let from: String
        let to: [String]
        let subject: String
        let content: String
    }

    let name = "mail box"
    private let port: Int
    private let history: History
    private let faults: FaultPlan
    private let kept = Mutex<[Mail]>([])
    private let stopping = AsyncTrigger()

    init(port: Int, history: History, faults: FaultPlan) {
        self.port = port
        self.history = history
        self.faults = faults
    }

    var mails: [Mail] { kept.withLock { $0.reversed() } }

    func run() async throws {
        let listener = try TCP.listen(port: port)
        startThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0, errno == EINTR { continue }
                guard client >= 0 else { return }
                startThread { self.serve(client) }
            }
        }
        await stopping.wait()
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    func stop() async { stopping.fire() }

    private func serve(_ client: Int32) {
        defer { close(client) }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var reader = LineReader(client)
        var from = ""
        var to: [String] = []
        func say(_ line: String) -> Bool { TCP.sendAll(client, Array((line + "\r\n").utf8)) }
        guard say("220 sandbox ESMTP") else { return }
        while let line = reader.next() {
            let word = line.prefix(4).uppercased()
            let answer: String
            switch word {
            case "EHLO": answer = "250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10485760"
            case "HELO", "RSET", "NOOP":
                from = word == "RSET" ? "" : from
                to = word == "RSET" ? [] : to
                answer = "250 ok"
            case "MAIL":
                from = Self.address(line)
                answer = "250 ok"
            case "RCPT":
                to.append(Self.address(line))
                answer = "250 ok"
            case "DATA":
                guard say("354 go on") else { return }
                let content = reader.content()
                if let fault = faults.take("smtp") {
                    history.add("smtp", "mail", outcome: fault.kind.rawValue, ["to": to.joined(separator: ",")])
                    answer = "451 try again later"
                } else {
                    keep(from, to, content)
                    answer = "250 kept"
                }
            case "QUIT":
                _ = say("221 bye")
                return
            default: answer = "502 not known"
            }
            guard say(answer) else { return }
        }
    }

    private func keep(_ from: String, _ to: [String], _ content: String) {
        func header(_ name: String) -> String? {
            content.split(separator: "\n").first { $0.lowercased().hasPrefix(name + ":") }
                .map { String($0.dropFirst(name.count + 1)).trimmed }
        }
        let mail = Mail(at: Date(), from: from, to: to, subject: header("subject") ?? "", content: content)
        kept.withLock { kept in
            kept.append(mail)
            if kept.count > 200 { kept.removeFirst() }
        }
        history.add(
            "smtp", "mail", key: header("message-id"), ["to": to.joined(separator: ","), "subject": mail.subject])
    }

    private static func address(_ line: String) -> String {
        guard let open = line.firstIndex(of: "<"), let close = line.lastIndex(of: ">"), open < close else { return "" }
        return String(line[line.index(after: open)..<close])
    }
}

/// Lines of a blocking socket.
private struct LineReader {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private static let longest = 10_485_760

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    mutating func next() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                defer { buffer.removeFirst(end + 1) }
                return String(decoding: buffer[..<end].filter { $0 != 0x0D }, as: UTF8.self)
            }
            var piece = [UInt8](repeating: 0, count: 16_384)
            let count = recv(descriptor, &piece, piece.count, 0)
            guard count > 0, buffer.count < Self.longest else { return nil }
            buffer += piece[..<count]
        }
    }

    /// The lines of a mail up to the single dot, with the dots of transparency taken off.
    mutating func content() -> String {
        var lines: [String] = []
        while let line = next(), line != "." { lines.append(line.hasPrefix(".") ? String(line.dropFirst()) : line) }
        return lines.joined(separator: "\n")
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
