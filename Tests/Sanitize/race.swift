import Foundation
import Synchronization

/// What the thread sanitizer must see, and what it must not: `race` counts without a lock, `mutex` with one that is
/// waited for. Built by scripts/sanitize.
final class Counter: @unchecked Sendable {  // `race` is the point.
    let lock = Mutex(())
    var value = 0
}

let counter = Counter()
let isLocked = CommandLine.arguments.last == "mutex"
let threads = (0..<4).map { _ in
    Thread {
        for _ in 0..<20_000 {
            if isLocked { counter.lock.withLock { _ in counter.value += 1 } } else { counter.value += 1 }
        }
        ended.signal()
    }
}
let ended = DispatchSemaphore(value: 0)
for thread in threads { thread.start() }
for _ in threads { ended.wait() }
