internal import Synchronization

/// Work that other threads hand to an event loop.
final class Mailbox: Sendable {
    private let work = Mutex<[@Sendable () -> Void]>([])

    /// Adds work; whether the loop must be woken for it.
    func add(_ body: @escaping @Sendable () -> Void) -> Bool {
        work.withLock { work in
            work.append(body)
            return work.count == 1
        }
    }

    /// Takes all of it.
    func take() -> [@Sendable () -> Void] {
        work.withLock { work in
            defer { work = [] }
            return work
        }
    }
}
