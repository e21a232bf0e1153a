internal import Synchronization

/// Wakes one loop that looks for work. Rings that come before the loop waits again are one ring for that wait.
///
/// Who rings has written down before what there is to do; the loop looks at all of it after each wait.
public final class Bell: Sendable {
    private let next = Mutex(AsyncTrigger())

    /// A bell that has not rung.
    public init() {}

    /// Ends the wait of the loop; where it does not wait, its next one.
    public func ring() { next.withLock { $0 }.fire() }

    /// Waits for a ring, at most for `limit`; ends at once where the task is cancelled. One task at a time may wait.
    public func wait(upTo limit: Duration) async {
        await next.withLock { $0 }.wait(upTo: limit)
        // Rings up to here are answered by what the loop does now.
        next.withLock { $0 = AsyncTrigger() }
    }
}
