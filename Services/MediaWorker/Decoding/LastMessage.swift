import Synchronization

/// The last word of a child process.
final class LastMessage: Sendable {
    private let message = Mutex<DecodeMessage?>(nil)

    var value: DecodeMessage? { message.withLock { $0 } }

    func set(_ value: DecodeMessage) { message.withLock { $0 = value } }
}
