internal import Synchronization

/// Requests, failures and durations by route (RED), of one loop.
final class RouteStats: Sendable {
    /// The upper bounds of the histogram, in seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300]
    private static let nanoseconds = bounds.map { UInt64($0 * 1e9) }

    /// The numbers of one route.
    struct Entry: Sendable {
        /// By the first digit of the status.
        var classes = [UInt64](repeating: 0, count: 6)
        /// By bucket, with one more for what is longer.
        var buckets = [UInt64](repeating: 0, count: RouteStats.bounds.count + 1)
        var total: UInt64 = 0
    }

    private let entries: Mutex<[Entry]>

    /// - Parameter routes: how many routes there are; one more entry counts what has no route.
    init(routes: Int) { entries = Mutex(Array(repeating: Entry(), count: routes + 1)) }

    func add(route: Int?, status: Int, nanoseconds: UInt64) {
        entries.withLock { entries in
            let index = route ?? entries.count - 1
            entries[index].classes[min(5, status / 100)] += 1
            var bucket = 0
            while bucket < Self.nanoseconds.count, nanoseconds > Self.nanoseconds[bucket] { bucket += 1 }
            entries[index].buckets[bucket] += 1
            entries[index].total += nanoseconds
        }
    }

    var snapshot: [Entry] { entries.withLock { $0 } }
}
