public import FoundationEssentials
internal import Primitives

/// A mailbox: an address and the name that people see.
public struct MailAddress: Sendable, Hashable {
    /// The address alone, ASCII (RFC 5321 §4.1.2), checked when a message is sent.
    public let address: String
    /// What people see beside the address, in any script.
    public let name: String?

    /// A mailbox as given; ``SMTPClient/send(_:)`` refuses an address that could end a command.
    public init(_ address: String, name: String? = nil) {
        self.address = address
        self.name = name
    }

    /// One `@`, and nothing that could end a command or a header line.
    static func isPlain(_ address: String) -> Bool {
        address.split(separator: "@", omittingEmptySubsequences: false).filter { !$0.isEmpty }.count == 2
            && address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>(),;:\"\\[]".utf8.contains($0) }
    }
}

/// A mail with a text and perhaps an HTML part.
public struct SMTPMessage: Sendable {
    /// The author; the domain also ends `Message-ID`.
    public var from: MailAddress
    /// All who get it; every one of them sees the others.
    public var to: [MailAddress]
    /// The subject in any script; control characters and ends of line are left out.
    public var subject: String
    /// The content as plain text, for readers that show no HTML.
    public var text: String
    /// The same as HTML; `nil` for a mail of text alone.
    public var html: String?
    /// The left side of `Message-ID`: the same for each try of one message, so that receivers drop doubles.
    public var id: String
    /// Further header fields, such as `List-Unsubscribe`.
    public var headers: [(name: String, value: String)] = []
    /// `Date`; when the value was made by default.
    public var date = Date()

    /// - Parameter id: the left side of `Message-ID`; the same for each try of one message.
    public init(
        from: MailAddress, to: [MailAddress], subject: String, text: String, html: String? = nil, id: String
    ) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.id = id
    }

    /// The message in Internet Message Format (RFC 5322, RFC 2045), bodies as base64.
    func rendered() -> Data {
        let domain = from.address.split(separator: "@").last.map(String.init) ?? "localhost"
        var lines = [
            "Date: \(Self.date(date))", "From: \(Self.mailbox(from))",
            "To: \(to.map(Self.mailbox).joined(separator: ", "))", "Subject: \(Self.encoded(subject))",
            "Message-ID: <\(Self.clean(id))@\(domain)>", "MIME-Version: 1.0",
        ]
        lines += headers.map { "\(Self.clean($0.name)): \(Self.clean($0.value))" }
        if let html {
            let boundary = "part-\(UUID.v7().text)"
            lines += ["Content-Type: multipart/alternative;\r\n boundary=\"\(boundary)\"", ""]
            lines += ["--\(boundary)"] + Self.part("plain", text)
            lines += ["--\(boundary)"] + Self.part("html", html) + ["--\(boundary)--"]
        } else {
            lines += Self.part("plain", text)
        }
        return Data((lines.joined(separator: "\r\n") + "\r\n").utf8)
    }

    private static func part(_ subtype: String, _ text: String) -> [String] {
        let encoded = Array(Data(text.utf8).base64EncodedString().utf8)
        let lines = stride(from: 0, to: encoded.count, by: 76).map { start in
            String(decoding: encoded[start..<min(start + 76, encoded.count)], as: UTF8.self)
        }
        return ["Content-Type: text/\(subtype); charset=utf-8", "Content-Transfer-Encoding: base64", ""] + lines
    }

    private static func mailbox(_ mailbox: MailAddress) -> String {
        mailbox.name.map { "\(encoded($0)) <\(clean(mailbox.address))>" } ?? "<\(clean(mailbox.address))>"
    }

    /// Text in a header: as an encoded word (RFC 2047) where it is not plain.
    private static func encoded(_ text: String) -> String {
        let text = clean(text)
        if text.utf8.allSatisfy({
            ($0 >= 0x30 && $0 < 0x7F && !"<>()[]:;@\\,\"".utf8.contains($0)) || " !#'*+-./".utf8.contains($0)
        }) {
            return text
        }
        // An encoded word has 75 characters at most: 45 bytes of text each, cut between characters.
        var words: [String] = []
        var current = ""
        for character in text {
            if current.utf8.count + String(character).utf8.count > 42 {
                words.append(current)
                current = ""
            }
            current.append(character)
        }
        words.append(current)
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    private static func clean(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }

    /// `Sat, 31 Jan 2026 09:05:07 +0000`.
    private static func date(_ date: Date) -> String {
        let text = date.rfc3339
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = days[Int((date.timeIntervalSince1970 / 86400).rounded(.down)) % 7]
        let parts = text.prefix(10).split(separator: "-")
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(day), \(parts[2]) \(month) \(parts[0]) \(text.dropFirst(11).prefix(8)) +0000"
    }
}
