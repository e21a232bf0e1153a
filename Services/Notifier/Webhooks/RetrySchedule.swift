/// When a webhook is tried again (Standard Webhooks 1.0): ten tries over about three days.
enum RetrySchedule {
    /// Waits before the second, third, … try.
    static let waits: [Duration] = [
        .seconds(5), .seconds(300), .seconds(1_800), .seconds(7_200), .seconds(18_000), .seconds(36_000),
        .seconds(50_400), .seconds(72_000), .seconds(86_400),
    ]

    /// The wait after so many tries that failed (from 1), with up to a tenth more at random, so that receivers that were
    /// away are not met by everything at once; `nil` where it was the last.
    /// - Parameter asked: what the receiver asked for by `Retry-After`; a day at most is granted.
    static func wait(after attempts: Int, asked: Duration? = nil, jitter: Double = .random(in: 0...0.1)) -> Duration? {
        guard attempts >= 1, attempts <= waits.count else { return nil }
        let wait = max(waits[attempts - 1], min(asked ?? .zero, .seconds(86_400)))
        return wait * (1 + jitter)
    }
}
