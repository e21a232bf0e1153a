import Primitives

/// What follows from a try: pure, so that every case can be seen.
struct RetryPolicy: Sendable {
    /// Tries at most, before a target fails for good.
    var attempts = 12
    var backoff = Backoff(base: .seconds(2), maximum: .seconds(300))
    /// How often a network has to say that it does not know a post, and how long after the post was asked for, before
    /// it counts as not made: networks answer before all of their servers know.
    var misses = 3
    var settling: Duration = .seconds(20)
    /// The wait between two questions.
    var question: Duration = .seconds(5)

    /// What a failed try means.
    /// - Parameter wasSent: whether the post itself had been asked for.
    func outcome(of error: any Error, attempts: Int, wasSent: Bool) -> LedgerOutcome {
        guard let failure = error as? NetworkFailure else {
            // Ours: a database or a storage that is away. Where the post may have been made, the network is asked.
            return wasSent
                ? .unknown(after: question, message: "The outcome is not known.")
                : again("internal", "Something went wrong on our side.", backoff.delay(attempt: attempts), attempts)
        }
        switch failure {
        case .rateLimited(let wait):
            return again("rate_limited", "The network asks to wait.", wait, attempts, blocks: true)
        case .unauthorized:
            return .failed(code: "account_disconnected", message: "The account has to be connected again.")
        case .refused(let code, let message): return .failed(code: code, message: message)
        case .unavailable:
            return again(
                "network_unavailable", "The network is not reachable.", backoff.delay(attempt: attempts), attempts)
        case .outcomeUnknown:
            return wasSent
                ? .unknown(after: question, message: "The network did not answer; it will be asked.")
                : again(
                    "network_unavailable", "The network did not answer.", backoff.delay(attempt: attempts), attempts)
        }
    }

    /// Whether a post of which the network knows nothing may be made anew.
    /// - Parameter sentAgo: seconds since the post was asked for, by the database's clock.
    func mayPostAgain(misses: Int, sentAgo: Double?) -> Bool {
        guard let sentAgo else { return true }
        return misses >= self.misses && sentAgo >= settling.seconds
    }

    private func again(
        _ code: String, _ message: String, _ wait: Duration, _ attempts: Int, blocks: Bool = false
    ) -> LedgerOutcome {
        attempts + 1 >= self.attempts
            ? .failed(code: code, message: message)
            : .again(after: wait, code: code, message: message, blocksAccount: blocks)
    }
}
