import Synchronization

/// How many more things may be under way.
final class SlotCount: Sendable {
    private let free: Mutex<Int>

    init(_ count: Int) { free = Mutex(count) }

    var available: Int { free.withLock { $0 } }
    func take() { free.withLock { $0 -= 1 } }
    func giveBack() { free.withLock { $0 += 1 } }
}
