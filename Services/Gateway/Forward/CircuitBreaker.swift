/// Stops sending to an upstream that keeps failing (GW-015, OPS-012): opens after so many failures within a time, tries
/// one request after the recovery time, and closes when that one succeeds. Times are milliseconds.
struct CircuitBreaker: Sendable, Equatable {
    /// What to do with a request.
    enum Verdict: Equatable {
        case pass
        /// Pass, and the outcome decides.
        case probe
        /// Refuse; another try is worth it after so many milliseconds.
        case refuse(retryAfter: UInt64)
    }

    enum State: Equatable {
        case closed
        case open(until: UInt64)
        /// A probe is under way; where nothing is heard of it by then, another may go.
        case halfOpen(until: UInt64)
    }

    let threshold: Int
    let window: UInt64
    let recovery: UInt64
    private(set) var state = State.closed
    private var failures: [UInt64] = []

    init(threshold: Int = 5, window: UInt64 = 30_000, recovery: UInt64 = 60_000) {
        self.threshold = threshold
        self.window = window
        self.recovery = recovery
    }

    /// Decides about a request.
    mutating func admit(now: UInt64) -> Verdict {
        switch state {
        case .closed: return .pass
        case .open(let until), .halfOpen(let until):
            guard now >= until else { return .refuse(retryAfter: until - now) }
            state = .halfOpen(until: now + max(1000, recovery / 4))
            return .probe
        }
    }

    /// An answer came, whatever it said.
    mutating func succeeded() {
        // Failures of a closed breaker stay counted: one that fails every second time is as bad.
        if state != .closed { state = .closed }
    }

    /// No answer came.
    mutating func failed(now: UInt64) {
        guard threshold > 0 else { return }
        switch state {
        case .open: return
        case .halfOpen: state = .open(until: now + recovery)
        case .closed:
            failures.removeAll { $0 + window <= now }
            failures.append(now)
            guard failures.count >= threshold else { return }
            failures.removeAll(keepingCapacity: true)
            state = .open(until: now + recovery)
        }
    }

    /// The upstream was seen to be ready by other means: the next request may try at once.
    mutating func sawReady(now: UInt64) {
        if case .open = state { state = .halfOpen(until: now) }
    }
}
