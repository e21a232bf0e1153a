import Configuration
import FoundationEssentials
import HTTP
import HTTPServer
import Jobs
import Postgres
import Primitives
import Synchronization
import TestKit
import Testing

@testable import ServiceKit
@testable import Telemetry

@Suite("A support bundle", .timeLimit(.minutes(2)))
struct SupportBundleTests {
    private let definition = ServiceDefinition(
        name: "publisher", purpose: "a sample", port: 9000, schema: "sample", migrations: [],
        configuration: NoConfiguration.self, usesJobs: true
    ) { _, _ in Assembly() }

    private func bundle(_ environment: [String: String], _ words: String = "support bundle") async -> (Int32, String) {
        let written = Mutex("")
        let read = Reading<NoConfiguration>(environment: environment, port: 9000)
        let code = await definition.support(
            words.split(separator: " ").map(String.init), read, environment: environment
        ) { text in written.withLock { $0 += text } }
        return (code, written.withLock { $0 })
    }

    /// What stands in places where it must not be found.
    private let planted = [
        "planted-service-secret-0123456789abcdef", "planted-sentry-key", "planted-kafka-password", "planted-token",
        "plantedmail@example.org", "198.51.100.77", "planted-query", "planted-db-password",
    ]

    @Test("tells how the service is set up and how it does, without what was planted")
    func whole() async throws {
        try await withTestDatabase { database in
            var routes = AdminRoutes.router(
                phase: PhaseBox(), readiness: { ["database"] },
                log: {
                    let recent = RecentLines(scrubber: Scrubber(secrets: [planted[0]]))
                    recent.take(
                        LogLine(
                            timestamp: Date(), level: .error, service: "publisher", message: "request failed",
                            fields: [
                                "error": .string("\(planted[0]) for \(planted[4])"), "accessToken": .string(planted[3]),
                            ]))
                    return recent.document
                }
            ) { "# HELP x y\nup 1\nleak{of=\"\(planted[0])\"} 1\n" }
            routes.get("/unused") { _ in HTTPResponse(.ok) }
            let server = HTTPServer(
                router: routes, port: 0, logger: Logger(service: "test", sink: MemoryLogSink()),
                metrics: MetricsRegistry())
            try server.start()
            let environment = [
                "SERVICE_SECRET": planted[0], "SENTRY_DSN": "https://plantedsentrykey@h.test/7",
                "DATABASE_URL": database.url, "ADMIN_PORT": "\(server.boundPort)",
                "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "OTLP_ENDPOINT": "http://h.test/v1/traces?key=\(planted[6])",
                "UNDECLARED_THING": planted[7],
            ]
            try #require(await definition.perform(["migrate"], environment: environment) == 0)
            let client = try PostgresClient(
                configuration: PostgresConfiguration(url: database.url, schema: "sample"),
                logger: Logger(service: "test", sink: MemoryLogSink()))
            try await withRunning([client]) {
                try await client.execute(
                    """
                    INSERT INTO outbox (event_id, topic, key, headers, value, created_at, sent_at, failure) VALUES
                        (\(UUID.v7()), 't', \(planted[4]), '{"ce_type": "a.B"}', \(Data(planted[3].utf8)), now(),
                            'infinity', \("refused: \(planted[4]) from \(planted[5])"))
                    """)
                try await client.execute(
                    """
                    INSERT INTO inbox_parked (consumer, event_id, topic, partition, "offset", key, headers, value,
                        attempts, error)
                    VALUES ('g', \(UUID.v7()), 't', 0, 0, 'k', '{}', '', 3,
                        \("GET https://h.test/x?sig=\(planted[6]) with token: \(planted[3])"))
                    """)
                let job = JobRequest(
                    kind: "publish", workspaceID: .v7(), payload: ["accessToken": .string(planted[3])])
                try await client.withTransaction { tx in _ = try await JobStore(client).enqueue(job, in: tx) }
                let (code, text) = await bundle(environment)
                #expect(code == 0)
                let document = try JSON.decode(JSONValue.self, from: text)
                for secret in planted + ["plantedsentrykey"] { #expect(!text.contains(secret), "\(secret)") }
                #expect(document["service"] == "publisher" && document["version"]?.stringValue == Version.current)
                let settings = try #require(document["configuration"]?.arrayValue)
                func setting(_ name: String) -> JSONValue? { settings.first { $0["name"]?.stringValue == name } }
                #expect(setting("SERVICE_SECRET") == ["name": "SERVICE_SECRET", "isSet": true])
                #expect(setting("KAFKA_BOOTSTRAP_SERVERS")?["value"] == "127.0.0.1:1")
                #expect(setting("DATABASE_CONNECTIONS")?["value"] == "8")
                #expect(document["migrations"]?.arrayValue?.isEmpty == false)
                #expect(document["database"]?["tables"]?.arrayValue?.isEmpty == false)
                #expect(document["outbox"]?["refused"] == 1 && document["inbox"]?["parked"] == 1)
                #expect(document["jobs"]?.arrayValue?.map { $0["count"] } == [1])
                #expect(document["log"]?.arrayValue?.count == 1)
                #expect(document["metrics"]?.arrayValue?.first == "up 1")
                #expect(document["ready"]?["reasons"]?.arrayValue?.contains("database") == true)
                #expect(document["deadLetters"]?["unavailable"] != nil, "no broker answers here")
            }
            await server.stop()
        }
    }

    @Test("comes also where everything is away, or the settings are wrong")
    func away() async throws {
        let (code, text) = await bundle([
            "DATABASE_URL": "postgresql://u:\(planted[7])@127.0.0.1:1/x", "PORT": "none", "ADMIN_PORT": "1",
            "SERVICE_SECRET": planted[0], "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        ])
        #expect(code == 0)
        let document = try JSON.decode(JSONValue.self, from: text)
        #expect(document["faults"]?.arrayValue?.count == 1)
        for part in ["ready", "outbox", "database"] { #expect(document[part]?["unavailable"] != nil, "\(part)") }
        for secret in planted { #expect(!text.contains(secret), "\(secret)") }
        #expect(await bundle([:]).0 == 0)
        #expect(await bundle([:], "support everything").0 == 64)
        #expect(await bundle([:], "support bundle --help").0 == 0)
    }
}
