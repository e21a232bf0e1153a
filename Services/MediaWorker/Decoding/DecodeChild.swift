import AV
import FoundationEssentials
import Glibc
import Primitives

/// The hidden word `decode-child`: does ``DecodeOrder``s, one a line, until there are no more. Whatever the media does to
/// the libraries, it does to this process alone.
enum DecodeChild {
    static let word = "decode-child"
    private static let orderLimit = 8 << 20

    /// Reads orders from standard input, does them, and writes ``DecodeMessage`` lines to standard output.
    static func run() -> Never {
        var input = Data()
        while let line = nextLine(&input) { write(answer(to: line)) }
        // No destructors of libraries: nothing of this process is needed any more.
        _exit(0)
    }

    private static func answer(to line: Data) -> DecodeMessage {
        do {
            let order = try JSON.decode(DecodeOrder.self, from: line)
            let interrupt = Interrupt(limit: .milliseconds(order.timeLimitMs))
            return DecodeMessage(result: try order.perform(interrupt) { write(DecodeMessage(progress: $0)) })
        } catch {
            return DecodeMessage(failure: DecodeMessage.Failure(error))
        }
    }

    /// The next line of standard input; `nil` at its end, or where a line is too long.
    private static func nextLine(_ held: inout Data) -> Data? {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var searched = held.startIndex
        while true {
            if let end = held[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { held = Data(held[(end + 1)...]) }
                return Data(held[..<end])
            }
            searched = held.endIndex
            let count = read(0, &buffer, buffer.count)
            guard count > 0 || (count < 0 && errno == EINTR), held.count + count <= orderLimit else { return nil }
            held.append(contentsOf: buffer[..<max(0, count)])
        }
    }

    private static func write(_ message: DecodeMessage) {
        guard var line = try? JSON.encode(message) else { return }
        line.append(UInt8(ascii: "\n"))
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
