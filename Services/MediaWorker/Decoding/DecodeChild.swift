import AV
import Execution
import FoundationEssentials
import Glibc
import Primitives

/// The hidden word `decode-child`: does one ``DecodeOrder`` and ends. Whatever the media does to the libraries, it does
/// to this process alone.
enum DecodeChild {
    static let word = "decode-child"
    private static let inputLimit = 8 << 20

    /// Reads the order from standard input, does it, and writes ``DecodeMessage`` lines to standard output.
    static func run() -> Never {
        let message: DecodeMessage
        do {
            let order = try JSON.decode(DecodeOrder.self, from: readInput())
            let interrupt = Interrupt(limit: .milliseconds(order.timeLimitMs))
            let result = try order.perform(interrupt) { write(DecodeMessage(progress: $0)) }
            message = DecodeMessage(result: result)
        } catch {
            message = DecodeMessage(failure: DecodeMessage.Failure(error))
        }
        write(message)
        // No destructors of libraries: nothing of this process is needed any more.
        _exit(0)
    }

    private static func readInput() throws -> Data {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(0, &buffer, buffer.count)
            if count == 0 { return data }
            guard count > 0 || errno == EINTR, data.count + count <= inputLimit else {
                throw MediaError(.io, "the order cannot be read")
            }
            data.append(contentsOf: buffer[..<max(0, count)])
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
