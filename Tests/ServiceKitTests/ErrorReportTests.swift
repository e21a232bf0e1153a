import Configuration
import FoundationEssentials
import HTTP
import HTTPServer
import NetworkClient
import Primitives
import Synchronization
import TestKit
import Testing

@testable import ServiceKit
@testable import Telemetry

/// Takes envelopes as Sentry does, and refuses what is none.
private final class ReportTaker: Sendable {
    let server: HTTPServer
    private let taken = Mutex<[JSONValue]>([])
    private let faults = Mutex<[String]>([])
    let status = Mutex((HTTPStatus.ok, HTTPHeaders()))
    let posts = Atomic(0)

    var events: [JSONValue] { taken.withLock { $0 } }
    var wrong: [String] { faults.withLock { $0 } }
    var dsn: String { "http://abc123@127.0.0.1:\(server.boundPort)/sub/42" }

    init() throws {
        var routes = Router()
        let inbox = Mutex<(@Sendable (HTTPRequest) async throws -> HTTPResponse)?>(nil)
        routes.post("/sub/api/42/envelope/") { request in
            guard let handler = inbox.withLock({ $0 }) else { return HTTPResponse(.notFound) }
            return try await handler(request)
        }
        server = HTTPServer(
            router: routes, port: 0, logger: Logger(service: "stub", sink: MemoryLogSink()), metrics: MetricsRegistry())
        inbox.withLock { $0 = { [unowned self] in try await self.take($0) } }
        try server.start()
    }

    private func take(_ request: HTTPRequest) async throws -> HTTPResponse {
        posts.wrappingAdd(1, ordering: .relaxed)
        let data = try await request.body.collect(upTo: 1 << 20)
        if let fault = parse(data, request.headers) { faults.withLock { $0.append(fault) } }
        let (status, headers) = status.withLock { $0 }
        return HTTPResponse(status, headers: headers, body: .data(Data("{}".utf8)))
    }

    /// What is wrong with an envelope; `nil` where it was taken.
    private func parse(_ data: Data, _ headers: HTTPHeaders) -> String? {
        guard headers["Content-Type"] == "application/x-sentry-envelope" else { return "no content type" }
        guard headers["X-Sentry-Auth"]?.contains("sentry_key=abc123") == true else { return "no key" }
        let lines = data.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count == 3, let head = try? JSON.decode(JSONValue.self, from: Data(lines[0])),
            let item = try? JSON.decode(JSONValue.self, from: Data(lines[1])), item["type"] == "event",
            let length = item["length"]?.intValue, lines[2].count == Int(length) + 1,
            lines[2].last == UInt8(ascii: "\n"),
            let event = try? JSON.decode(JSONValue.self, from: Data(lines[2].dropLast()))
        else { return "no envelope: \(String(decoding: data, as: UTF8.self))" }
        guard let id = event["event_id"]?.stringValue, id.count == 32, id.allSatisfy(\.isHexDigit),
            head["event_id"]?.stringValue == id
        else { return "no event id" }
        taken.withLock { $0.append(event) }
        return nil
    }
}

private func line(
    _ message: String = "request failed", _ fields: [String: LogValue] = [:], level: LogLevel = .error
) -> LogLine {
    LogLine(timestamp: Date(), level: level, service: "sample", message: message, fields: fields)
}

@Suite("Errors are reported", .timeLimit(.minutes(2)))
struct ErrorReportTests {
    private let metrics = MetricsRegistry()

    private func reporter(
        _ taker: ReportTaker, secrets: [String] = [], limits: ErrorReporter.Limits = .init()
    ) throws -> ErrorReporter {
        ErrorReporter(
            try #require(ReportAddress(taker.dsn)), environment: "test", scrubber: Scrubber(secrets: secrets),
            http: HTTPClient(), metrics: metrics, limits: limits)
    }

    @Test("an address is read as Sentry's clients read it; what is none is a fault of the settings")
    func addresses() {
        #expect(ReportAddress("https://key@sentry.example/7")?.url == "https://sentry.example/api/7/envelope/")
        #expect(ReportAddress("https://key@h:9000/a/b/7")?.url == "https://h:9000/a/b/api/7/envelope/")
        #expect(ReportAddress("https://key:old@h/7")?.authorization.hasSuffix("sentry_key=key") == true)
        for wrong in [
            "", "key", "https://h/7", "https://key@h", "https://key@h/", "ftp://key@h/7", "https://k%0Ay@h/7",
        ] {
            #expect(ReportAddress(wrong) == nil, "\(wrong)")
        }
        let good = ["DATABASE_URL": "postgresql:///x", "SERVICE_SECRET": String(repeating: "s", count: 40)]
        let read = Reading<NoConfiguration>(
            environment: good.merging(["SENTRY_DSN": "https://h/7"]) { $1 }, port: 9000)
        #expect(read.faults.map(\.name) == ["SENTRY_DSN"])
        #expect(Reading<NoConfiguration>(environment: good, port: 9000).faults.isEmpty)
    }

    @Test("an error comes as an envelope, with its trace, and without secrets and people")
    func envelope() async throws {
        let taker = try ReportTaker()
        let reporter = try reporter(taker, secrets: ["correct-horse-battery"])
        let running = Task { try await reporter.run() }
        let trace = Trace.root(requestID: "r-1")
        reporter.take(
            line(
                "request failed",
                [
                    "error": .string(
                        "Refused(to: ada@example.org, by: 203.0.113.9:5432, url: https://u:p@h.test/a?sig=1, correct-horse-battery)"
                    ),
                    "topic": "atelier.project.events.v1", "accessToken": "open sesame", "attempts": 3,
                    "trace_id": .string(trace.traceID), "span_id": .string(trace.spanID), "request_id": "r-1",
                ]))
        reporter.take(line("only a warning", level: .warning))
        try await eventually("the report is taken") { taker.events.count == 1 }
        let event = taker.events[0]
        #expect(event["level"] == "error" && event["logger"] == "sample" && event["environment"] == "test")
        #expect(event["logentry"]?["formatted"] == "request failed")
        #expect(event["contexts"]?["trace"]?["trace_id"]?.stringValue == trace.traceID)
        #expect(event["tags"]?["request_id"] == "r-1")
        #expect(event["extra"]?["topic"] == "atelier.project.events.v1" && event["extra"]?["attempts"] == 3)
        #expect(event["extra"]?["accessToken"] == "(hidden)")
        let text = try JSON.text(event)
        for secret in ["ada@", "203.0.113", "u:p", "sig=1", "correct-horse", "sesame"] {
            #expect(!text.contains(secret), "\(secret) in \(text)")
        }
        #expect(event["exception"]?["values"]?.arrayValue?.count == 1)
        #expect(taker.wrong == [])
        await reporter.stop()
        try await running.value
        await taker.server.stop()
        #expect(metrics.text().contains("telemetry_errors_reported_total 1\n"))
    }

    @Test("the same error is reported once a while, others up to a limit; what is too much is counted")
    func limits() async throws {
        let taker = try ReportTaker()
        let reporter = try reporter(taker, limits: .init(queue: 3, perMinute: 5, quiet: .milliseconds(300)))
        for number in 0..<100 { reporter.take(line("same", ["error": "late", "number": .init(number)])) }
        let running = Task { try await reporter.run() }
        try await eventually("one of a hundred") { taker.events.count == 1 }
        #expect(metrics.text().contains("telemetry_errors_dropped_total{reason=\"limit\"} 99\n"))
        try await Task.sleep(for: .milliseconds(400))
        reporter.take(line("same", ["error": "late"]))
        try await eventually("again, with how often it came between") { taker.events.count == 2 }
        #expect(taker.events[1]["extra"]?["suppressed"] == 99)
        await reporter.stop()
        try await running.value

        for number in 0..<50 { reporter.take(line("other \(number)")) }
        #expect(metrics.text().contains("telemetry_errors_dropped_total{reason=\"limit\"} 146\n"))
        #expect(taker.wrong == [])
        await taker.server.stop()
    }

    @Test("a receiver that says stop is left alone; one that is away holds nobody up")
    func refused() async throws {
        let taker = try ReportTaker()
        taker.status.withLock { $0 = (.tooManyRequests, ["Retry-After": "60"]) }
        let reporter = try reporter(taker)
        for number in 0..<5 { reporter.take(line("other \(number)")) }
        let running = Task { try await reporter.run() }
        try await eventually("all are dropped") {
            metrics.text().contains("telemetry_errors_dropped_total{reason=\"refused\"} 5\n")
        }
        #expect(taker.posts.load(ordering: .relaxed) == 1, "after the first it was told to wait")
        await reporter.stop()
        try await running.value
        await taker.server.stop()

        let lost = try self.reporter(taker)
        let away = Task { try await lost.run() }
        lost.take(line("nobody there"))
        try await eventually("it is dropped") {
            metrics.text().contains("telemetry_errors_dropped_total{reason=\"away\"} 1\n")
        }
        await lost.stop()
        try await away.value
    }

    @Test("every error that is logged in the process is shown to the reporter")
    func tap() async throws {
        let taker = try ReportTaker()
        let reporter = try #require(
            try ErrorReporter.install(
                dsn: taker.dsn, environment: "test", scrubber: Scrubber(secrets: []), http: HTTPClient(),
                metrics: metrics))
        let marker = UUID.v7().text
        Logger(service: "tapped", sink: MemoryLogSink()).error("part failed", ["part": .string(marker)])
        await ErrorReporter.flush()
        #expect(taker.events.contains { $0["extra"]?["part"]?.stringValue == marker })
        await reporter.stop()
        await taker.server.stop()
    }

    @Test("what is hidden, and what stays readable")
    func scrubber() {
        let scrubber = Scrubber(secrets: ["s3cret-of-ours", "abc"])
        let id = "018f2b6e-7a1c-7def-8123-456789abcdef"
        for (given, wanted) in [
            ("mail ada@example.org, please", "mail (mail address), please"),
            ("x s3cret-of-ours y", "x (hidden) y"), ("abc stays, it is short", "abc stays, it is short"),
            ("Authorization: Bearer 12 34", "Authorization: Bearer (hidden) 34"),
            ("password=hunter2 user=x", "password=(hidden) user=x"), ("api_key: \"k\" n", "api_key: \"(hidden)\" n"),
            ("GET http://h/p?token=x HTTP", "GET http://h/p?(hidden) HTTP"),
            ("postgres://u:p@db:5432/atelier", "postgres://db:5432/atelier"),
            ("from 203.0.113.9:443 and 127.0.0.1:5432", "from (address) and 127.0.0.1:5432"),
            ("from 2001:db8:0:1::7", "from (address)"), ("eyJhbGciOi.eyJzdWIi.c2ln", "(hidden)"),
            ("key AKIAIOSFODNN7EXAMPLEKEY1234", "key (hidden)"),
            ("job \(id) at 12:34:56", "job \(id) at 12:34:56"),
            ("object \(id)/\(id)", "object \(id)/\(id)"),
            ("atelier.project.events.v1.dlq.analytics", "atelier.project.events.v1.dlq.analytics"),
            ("5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e", "5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e"),
        ] {
            #expect(scrubber.text(given) == wanted)
        }
        #expect(scrubber.text(String(repeating: "a ", count: 5_000)).count < 2_100)
        let value = scrubber.value(["email": "x", "list": ["call ada@example.org"], "n": 3])
        #expect(value == ["email": "(hidden)", "list": ["call (mail address)"], "n": 3])
    }

    @Test("the last warnings and errors of the process are kept, few and scrubbed")
    func recent() throws {
        let recent = RecentLines(scrubber: Scrubber(secrets: []), limit: 3)
        for number in 0..<5 { recent.take(line("m", ["number": .init(number), "to": "ada@example.org"])) }
        let lines = try #require(recent.document.arrayValue)
        #expect(lines.map { $0["number"] } == [2, 3, 4])
        #expect(lines.allSatisfy { $0["to"] == "(mail address)" && $0["level"] == "error" })
    }
}
