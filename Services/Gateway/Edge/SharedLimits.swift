internal import Configuration
internal import FoundationEssentials
internal import Lifecycle
internal import Primitives
internal import Redis
internal import ServiceKit
internal import Synchronization
internal import Telemetry

/// Lets several gateways limit together (GW-008): every 200 ms it writes the counts that changed into a Redis, and takes
/// what the others counted. No request waits for it; each is decided by what is known.
///
/// What that lets pass beyond a limit: at most what arrives for one subject at the other gateways within two intervals
/// (until they have told it, and until it is heard here), and never more than the limit for each gateway. Where Redis is
/// away, every gateway goes on with its own counts and those that it has heard of.
final class SharedLimits: Service {
    let name = "shared limits"
    /// The time between two exchanges.
    static let interval: Duration = .milliseconds(200)
    /// Counts in one exchange at most; more wait for the next.
    static let most = 4_096

    private struct State {
        var outage = Outage()
        var isConnected = false
        var exchanges = 0
        var failures = 0
    }

    private let limiter: RateLimiter
    private let rules: RateRules
    private let redis: RedisClient
    private let logger: Logger
    private let member: String
    private let state = Mutex(State())
    private let stopped = AsyncTrigger()

    /// - Parameter member: what this gateway is called among the others; its own for each start.
    init(
        _ limiter: RateLimiter, _ rules: RateRules, redis: RedisClient, logger: Logger,
        member: String = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    ) {
        (self.limiter, self.rules, self.redis, self.logger, self.member) = (limiter, rules, redis, logger, member)
    }

    /// Shares the limits by `REDIS_URL`; `nil` where that is not set.
    /// - Throws: `ConfigurationFault` where it is no such URL.
    static func install(
        _ limiter: RateLimiter, _ rules: RateRules, _ settings: GatewayConfiguration, logger: Logger,
        metrics: MetricsRegistry
    ) throws -> SharedLimits? {
        if let fault = fault(of: settings.redis) { throw fault }
        guard !settings.redis.isEmpty else { return nil }
        let redis = RedisClient(
            try RedisURL(settings.redis), authorities: settings.redisAuthorities, limit: settings.redisTime)
        let shared = SharedLimits(limiter, rules, redis: redis, logger: logger)
        shared.install(in: metrics)
        Degradation.install(in: metrics, of: [.limits]) { shared.degradations }
        return shared
    }

    /// What is wrong with `REDIS_URL`; `nil` where it can be used, or is not set.
    static func fault(of url: String) -> ConfigurationFault? {
        guard !url.isEmpty else { return nil }
        do throws(RedisURL.Fault) {
            _ = try RedisURL(url)
            return nil
        } catch { return ConfigurationFault(name: "REDIS_URL", reason: error.description) }
    }

    /// The brown-out while Redis is away.
    var degradations: [Degradation] {
        [Degradation(.limits, since: state.withLock { $0.outage.since })].compactMap { $0 }
    }

    /// Tells at each scrape how it goes.
    private func install(in metrics: MetricsRegistry) {
        metrics.onScrape { [weak self] metrics in
            guard let state = self?.state.withLock({ $0 }) else { return }
            metrics.gauge(
                "gateway_limits_connected", "Whether the last exchange of the limits' counts with Redis went well.",
                [:], state.isConnected ? 1 : 0)
            let help = "Exchanges of the limits' counts with Redis."
            metrics.total(
                "gateway_limits_exchanges_total", help, ["outcome": "done"], Double(state.exchanges))
            metrics.total(
                "gateway_limits_exchanges_total", help, ["outcome": "failed"], Double(state.failures))
        }
    }

    func run() async throws {
        let backoff = Backoff(base: Self.interval, maximum: .seconds(5))
        var failures = 0
        while !stopped.hasFired {
            failures = await exchange() ? 0 : failures + 1
            await stopped.wait(upTo: failures == 0 ? Self.interval : backoff.delay(attempt: failures))
        }
        // What was counted last, for those who go on.
        if failures == 0 { _ = await exchange() }
    }

    func stop() async { stopped.fire() }

    /// Tells what changed, and learns what the others counted.
    /// - Returns: whether Redis answered as it should.
    func exchange() async -> Bool {
        let began = ContinuousClock.now
        let exchange = RateExchange(
            changes: limiter.changes(rules, most: Self.most, now: Self.now), member: member)
        do {
            // Also where there is nothing to tell, to know whether Redis is there.
            let replies = try await redis.exchange(exchange.changes.isEmpty ? [["PING"]] : exchange.commands)
            for (change, others) in zip(exchange.changes, try exchange.others(replies)) {
                limiter.learn(change, others, now: Self.now)
            }
            succeeded()
            return true
        } catch {
            limiter.keep(exchange.changes)
            failed(error, began: began)
            return false
        }
    }

    private func succeeded() {
        let wasAway = state.withLock { state in
            state.exchanges += 1
            state.isConnected = true
            return state.outage.succeeded()
        }
        if wasAway { logger.info("limits are shared again") }
    }

    private func failed(_ error: any Error, began: ContinuousClock.Instant) {
        let isNews = state.withLock { state in
            state.failures += 1
            state.isConnected = false
            return state.outage.failed(began: began)
        }
        if isNews { logger.warning("limits are not shared: this gateway counts alone", ["reason": .init("\(error)")]) }
    }

    /// The clock of the loops, milliseconds.
    private static var now: UInt64 { Clock.monotonic() / 1_000_000 }
}
