internal import Glibc
internal import Synchronization

/// Waiting on a thread of one's own.
enum Thread {
    /// Sleeps; ends early, within 50 ms, once `flag` is set.
    static func pause(_ duration: Duration, unless flag: borrowing Atomic<Bool>) {
        let deadline = ContinuousClock.now + duration
        while ContinuousClock.now < deadline, !flag.load(ordering: .acquiring) { pause(.milliseconds(50)) }
    }

    /// Sleeps.
    static func pause(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var rest = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var wanted = rest
        while nanosleep(&wanted, &rest) != 0, errno == EINTR { wanted = rest }
    }
}
