public import Configuration
internal import FoundationEssentials
internal import HTTP
public import Lifecycle
public import NetworkClient
internal import Primitives
internal import Synchronization
public import Telemetry

/// Sends what is logged as an error to a service that speaks Sentry's envelope protocol (OPS-069). It never holds work
/// up: what is too much, or is not taken in time, is dropped and counted.
public final class ErrorReporter: Service {
    public let name = "error reports"
    private let address: ReportAddress
    private let environment: String
    private let scrubber: Scrubber
    private let http: HTTPClient
    private let metrics: MetricsRegistry
    private let state = Mutex(State())
    private let stopping = AsyncTrigger()
    private static let installed = Mutex<ErrorReporter?>(nil)

    private struct State {
        var waiting: [ErrorReport] = []
        /// When each kind of error was reported last, and how often it came since.
        var known: [[String]: (at: ContinuousClock.Instant, suppressed: Int)] = [:]
        var budget = 20.0
        var filled = ContinuousClock.now
        var pausedUntil = ContinuousClock.now
    }

    /// How much is reported at most.
    struct Limits: Sendable {
        /// Reports that wait.
        var queue = 100
        /// Reports at once, and a minute.
        var perMinute = 20.0
        /// How long the same error is not reported again.
        var quiet = Duration.seconds(60)
    }
    private let limits: Limits

    init(
        _ address: ReportAddress, environment: String, scrubber: Scrubber, http: HTTPClient, metrics: MetricsRegistry,
        limits: Limits = Limits()
    ) {
        (self.address, self.environment, self.scrubber) = (address, environment, scrubber)
        (self.http, self.metrics, self.limits) = (http, metrics, limits)
        state.withLock { $0.budget = limits.perMinute }
        count(sent: 0)
        for reason in ["limit", "queue", "refused", "away"] { drop(reason, 0) }
    }

    /// `SENTRY_DSN` and `SENTRY_ENVIRONMENT`.
    public static func settings(_ read: inout ConfigurationReader) -> (dsn: String, environment: String) {
        (
            read.secret(
                "SENTRY_DSN", isRequired: false,
                "Where errors are reported to, in Sentry's envelopes: https://KEY@HOST/PROJECT; nowhere by default."),
            read.string(
                "SENTRY_ENVIRONMENT", default: "production", "What the error reports say that this installation is.")
        )
    }

    /// What is wrong with `SENTRY_DSN`; `nil` where it is empty or an address.
    public static func fault(of dsn: String) -> ConfigurationFault? {
        dsn.isEmpty || ReportAddress(dsn) != nil
            ? nil : ConfigurationFault(name: "SENTRY_DSN", reason: "must be https://KEY@HOST/PROJECT")
    }

    /// Makes a reporter and shows it every error that is logged from now on; `nil` where `dsn` is empty.
    /// - Parameters:
    ///   - dsn: `https://KEY@HOST/PROJECT`.
    ///   - environment: what the reports say that this is: `production`.
    /// - Throws: `ConfigurationFault` where `dsn` is no such address.
    public static func install(
        dsn: String, environment: String, scrubber: Scrubber, http: HTTPClient, metrics: MetricsRegistry
    ) throws -> ErrorReporter? {
        guard !dsn.isEmpty else { return nil }
        if let fault = fault(of: dsn) { throw fault }
        guard let address = ReportAddress(dsn) else { return nil }
        let reporter = ErrorReporter(
            address, environment: environment, scrubber: scrubber, http: http, metrics: metrics)
        installed.withLock { $0 = reporter }
        LogTap.install { reporter.take($0) }
        return reporter
    }

    /// Sends what waits, before the process ends by an error.
    public static func flush() async { await installed.withLock { $0 }?.send() }

    /// Takes a line of the log, where it is an error; returns at once.
    func take(_ line: LogLine) {
        guard line.level == .error else { return }
        var report = ErrorReport(line: line)
        let dropped = state.withLock { state -> String? in
            let now = ContinuousClock.now
            let minutes = (now - state.filled) / Duration.seconds(60)
            state.budget = min(limits.perMinute, state.budget + limits.perMinute * minutes)
            state.filled = now
            let kind = report.fingerprint
            if let known = state.known[kind], now - known.at < limits.quiet {
                state.known[kind]?.suppressed += 1
                return "limit"
            }
            guard state.budget >= 1 else { return "limit" }
            guard state.waiting.count < limits.queue else { return "queue" }
            state.budget -= 1
            report.suppressed = state.known[kind]?.suppressed ?? 0
            if state.known.count > 500 { state.known = state.known.filter { now - $0.value.at < limits.quiet } }
            state.known[kind] = (now, 0)
            state.waiting.append(report)
            return nil
        }
        if let dropped { drop(dropped, 1) }
    }

    public func run() async throws { await stopping.untilFired(every: .milliseconds(500)) { await send() } }

    public func stop() async { stopping.fire() }

    private func send() async {
        while true {
            let (report, isPaused) = state.withLock { state in
                (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.pausedUntil > .now)
            }
            guard let report else { return }
            if isPaused {
                drop("refused", 1)
            } else {
                await send(report)
            }
        }
    }

    private func send(_ report: ErrorReport) async {
        do {
            var request = HTTPClientRequest(.POST, address.url, timeout: .seconds(5))
            request.headers.set("Content-Type", "application/x-sentry-envelope")
            request.headers.set("X-Sentry-Auth", address.authorization)
            request.body = .data(try report.envelope(scrubber, environment: environment))
            let ready = request
            // A report makes no span of its own.
            let answer = try await Trace.$current.withValue(nil) { try await self.http.execute(ready) }
            _ = try await answer.data(upTo: 65_536)
            guard answer.status.rawValue >= 400 else { return count(sent: 1) }
            drop("refused", 1)
            if answer.status.rawValue == 429 {
                pause(.seconds(min(3_600, answer.headers["Retry-After"].flatMap { Int($0) } ?? 60)))
            }
        } catch {
            drop("away", 1)
            pause(.seconds(10))
        }
    }

    private func pause(_ time: Duration) { state.withLock { $0.pausedUntil = .now + time } }

    private func count(sent: Double) {
        metrics.count("telemetry_errors_reported_total", "Errors that were reported to SENTRY_DSN.", by: sent)
    }

    private func drop(_ reason: String, _ count: Double) {
        metrics.count(
            "telemetry_errors_dropped_total",
            "Errors that were logged and not reported: too many or the same again (limit, queue), or not taken.",
            ["reason": reason], by: count)
    }
}
