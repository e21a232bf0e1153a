/// How far long work is.
public struct MediaProgress: Codable, Sendable, Hashable {
    /// From 0 to 1.
    public var fraction: Double
    /// How long it will still take, in milliseconds; `nil` while unknown.
    public var etaMs: Int64?

    /// A place on the way.
    public init(fraction: Double, etaMs: Int64?) {
        self.fraction = fraction
        self.etaMs = etaMs
    }
}

/// Turns positions into progress with an estimate, a few times a second at most.
package final class ProgressMeter {
    private let durationMs: Int64
    private let report: (MediaProgress) -> Void
    private let started = ContinuousClock.now
    private var last: ContinuousClock.Instant?

    /// - Parameters:
    ///   - durationMs: the play time of the whole; where unknown, nothing is ever reported.
    ///   - report: called from ``update(ms:)``, at most every 250 ms.
    package init(durationMs: Int64?, report: @escaping (MediaProgress) -> Void) {
        self.durationMs = durationMs ?? 0
        self.report = report
    }

    /// The work has come to this play time.
    package func update(ms: Int64) {
        guard durationMs > 0 else { return }
        let now = ContinuousClock.now
        if let last, now - last < .milliseconds(250) { return }
        last = now
        let fraction = min(1, max(0, Double(ms) / Double(durationMs)))
        let spent = (now - started) / .milliseconds(1)
        // The first moments say little about the rest.
        let eta = fraction > 0.01 && spent > 200 ? Int64(spent * (1 - fraction) / fraction) : nil
        report(MediaProgress(fraction: fraction, etaMs: eta))
    }
}
