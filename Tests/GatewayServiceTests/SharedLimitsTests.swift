import Configuration
import Primitives
import Redis
import ServiceKit
import Telemetry
import TestKit
import Testing

@testable import GatewayService

/// Gateways that limit together, by a real Redis.
@Suite("Shared limits", .serialized, .timeLimit(.minutes(2)))
struct SharedLimitsTests {
    private static let limit = 100
    private let settings: GatewayConfiguration
    private let rules: RateRules
    private let subject = RateLimiter.Subject(high: 7, low: 9)

    init() {
        // Publications are counted by the hour: no window ends within a test, or hardly ever.
        var reader = ConfigurationReaderForTests([
            "SERVICE_SECRET": String(repeating: "s", count: 32), "RATE_LIMIT_PUBLISH": String(Self.limit),
        ])
        settings = reader.read()
        rules = RateRules(settings)
    }

    /// One gateway's limits.
    private struct Gateway {
        let limiter = RateLimiter(epoch: Clock.epoch)
        let shared: SharedLimits
        let sink = MemoryLogSink()
        let metrics = MetricsRegistry()

        init(_ url: String, _ rules: RateRules, limit: Duration = .seconds(5)) throws {
            let client = RedisClient(try RedisURL(url), limit: limit)
            shared = SharedLimits(limiter, rules, redis: client, logger: Logger(service: "gateway", sink: sink))
        }
    }

    private func take(_ gateway: Gateway, _ count: Int) -> Int {
        (0..<count).count { _ in
            gateway.limiter.take(rules[.publish], subject, now: Clock.monotonic() / 1_000_000).isAllowed
        }
    }

    @Test("two gateways let through the limit and what one interval permits, then both refuse")
    func together() async throws {
        let redis = try await PrivateRedis()
        let (first, second) = (try Gateway(redis.url, rules), try Gateway(redis.url, rules))
        var passed = 0
        // In each interval seven requests come to each.
        for _ in 0..<40 {
            passed += take(first, 7)
            passed += take(second, 7)
            #expect(await first.shared.exchange())
            #expect(await second.shared.exchange())
        }
        #expect(passed >= Self.limit)
        #expect(passed <= Self.limit + 2 * 7)
        #expect(take(first, 10) == 0)
        #expect(take(second, 10) == 0)
        // A third one that comes late lets one interval pass, and no more.
        let third = try Gateway(redis.url, rules)
        #expect(take(third, 3) == 3)
        #expect(await third.shared.exchange())
        #expect(take(third, 10) == 0)
    }

    @Test("a Redis that goes away and comes again empty: each counts alone meanwhile, then together again")
    func away() async throws {
        let redis = try await PrivateRedis()
        let (first, second) = (try Gateway(redis.url, rules), try Gateway(redis.url, rules))
        #expect(take(first, 30) == 30)
        #expect(await first.shared.exchange())
        redis.crash()
        #expect(take(second, 20) == 20)
        #expect(await second.shared.exchange() == false)
        #expect(take(second, 5) == 5)
        #expect(await second.shared.exchange() == false)
        try await redis.start()
        // What could not be told was kept; what Redis forgot is told again with the next request.
        #expect(await second.shared.exchange())
        #expect(take(first, 1) == 1)
        #expect(await first.shared.exchange())
        #expect(take(second, 1) == 1)
        #expect(await second.shared.exchange())
        // 31 and 26 are known to both but the one: 57 of the hundred.
        #expect(take(second, 100) == 43)
        #expect(await second.shared.exchange())
        #expect(take(first, 1) == 1)
        #expect(await first.shared.exchange())
        #expect(take(first, 100) == 0)
    }

    @Test("while it runs, each learns of the other by itself; what is away is told once, and that it is back once")
    func runs() async throws {
        let redis = try await PrivateRedis()
        let (first, second) = (try Gateway(redis.url, rules), try Gateway(redis.url, rules))
        try await withRunning([first.shared, second.shared]) {
            #expect(take(first, 60) == 60)
            #expect(take(second, 1) == 1)
            try await eventually("the second knows of the first") {
                _ = take(second, 1)
                let left = second.limiter.take(
                    rules[.publish], subject, now: Clock.monotonic() / 1_000_000, counts: false)
                return left.remaining < Self.limit - 60
            }
            redis.crash()
            try await eventually("it is away") { !first.shared.degradations.isEmpty }
            #expect(first.shared.degradations.map(\.mode.name) == ["limits_not_shared"])
            let status = HealthReport.status([], own: first.shared.degradations)
            #expect(status["status"] == "degraded")
            #expect(status["modes"]?.arrayValue?.first?["services"] == ["gateway"])
            #expect(status["modes"]?.arrayValue?.first?["name"] == "limits_not_shared")
            try await redis.start()
            try await eventually("it is back") { first.shared.degradations.isEmpty }
        }
        let lines = first.sink.lines.map(\.message)
        #expect(lines == ["limits are not shared: this gateway counts alone", "limits are shared again"])
    }

    @Test("a wrong password is told, and shown in the numbers")
    func password() async throws {
        let redis = try await PrivateRedis(password: "right")
        var reader = ConfigurationReaderForTests([
            "SERVICE_SECRET": String(repeating: "s", count: 32),
            "REDIS_URL": "redis://:hunter2@127.0.0.1:\(redis.port)",
        ])
        let (sink, metrics) = (MemoryLogSink(), MetricsRegistry())
        let limiter = RateLimiter(epoch: Clock.epoch)
        let shared = try #require(
            try SharedLimits.install(
                limiter, rules, reader.read(), logger: Logger(service: "gateway", sink: sink), metrics: metrics))
        try await withRunning([shared]) {
            try await eventually("it is told") { !sink.lines.isEmpty }
        }
        let line = try #require(sink.lines.first).json
        #expect(line.contains("Redis refuses the user or the password (WRONGPASS)"))
        #expect(!line.contains("hunter2"))
        let text = metrics.text()
        #expect(text.contains("gateway_limits_connected 0"))
        #expect(text.contains("gateway_limits_exchanges_total{outcome=\"done\"} 0"))
        #expect(text.contains("service_degraded{mode=\"limits_not_shared\"} 1"))
        #expect(!text.contains("gateway_limits_exchanges_total{outcome=\"failed\"} 0"))
    }

    @Test("without REDIS_URL nothing is shared; a wrong one is a fault of the configuration, without its password")
    func configuration() throws {
        #expect(
            try SharedLimits.install(
                RateLimiter(), rules, settings, logger: Logger(service: "gateway"), metrics: MetricsRegistry()) == nil)
        #expect(SharedLimits.fault(of: "") == nil)
        #expect(SharedLimits.fault(of: "rediss://:hunter2@h/1") == nil)
        let fault = try #require(SharedLimits.fault(of: "redis://:hunter2@h/one"))
        #expect(fault.name == "REDIS_URL")
        #expect(fault.description == "REDIS_URL: must end with the number of a database, as in /0")
    }
}
