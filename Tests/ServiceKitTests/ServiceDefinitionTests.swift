import Configuration
import HTTP
import HTTPServer
import Synchronization
import Telemetry
import Testing

@testable import ServiceKit

@Suite("The words of a service")
struct ServiceDefinitionTests {
    private static let definition = ServiceDefinition(
        name: "sample", purpose: "a sample", port: 9000, schema: "sample", migrations: [],
        configuration: NoConfiguration.self
    ) { _, _ in Assembly() }

    private static let good = [
        "DATABASE_URL": "postgresql:///x", "SERVICE_SECRET": "0123456789012345678901234567890123456789",
    ]

    @Test(
        "each word has its exit code",
        arguments: [
            ("--help", 0), ("--version", 0), ("config-schema", 0), ("check-config", 0), ("dance", 64),
        ])
    func words(word: String, code: Int32) async {
        #expect(await Self.definition.perform([word], environment: Self.good) == code)
    }

    @Test(
        "settings that cannot be used end with 78, before anything is begun",
        arguments: ["check-config", "serve", "migrate"])
    func faults(word: String) async {
        var environment = Self.good
        environment["PORT"] = "none"
        environment["DATABASE_URL"] = "mysql://x"
        #expect(await Self.definition.perform([word], environment: environment) == 78)
        let read = Reading<NoConfiguration>(environment: environment, port: 9000)
        #expect(Set(read.faults.map(\.name)) == ["PORT", "DATABASE_URL"])
    }

    @Test("health asks the private listener: ready, not ready, nobody there")
    func health() async throws {
        let status = Mutex(HTTPStatus.ok)
        var routes = Router()
        routes.get("/health/ready") { _ in try .json(status.withLock { $0 }, ["status": "as told"]) }
        let server = HTTPServer(
            router: routes, port: 0, logger: Logger(service: "test", sink: MemoryLogSink()), metrics: MetricsRegistry())
        try server.start()
        var environment = Self.good
        environment["ADMIN_PORT"] = "\(server.boundPort)"
        environment["HOST"] = "0.0.0.0"
        #expect(await Self.definition.perform(["health"], environment: environment) == 0)
        status.withLock { $0 = .serviceUnavailable }
        #expect(await Self.definition.perform(["health"], environment: environment) == 1)
        await server.stop()
        #expect(await Self.definition.perform(["health"], environment: environment) == 1)
    }

    @Test("help names every setting with its default")
    func help() {
        let read = Reading<NoConfiguration>(environment: [:], port: 9000)
        let text = Help.text(name: "sample", purpose: "a sample", declarations: read.declarations)
        for name in ["PORT", "ADMIN_PORT", "DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "SERVICE_SECRET", "LOG_LEVEL"] {
            #expect(text.contains(name))
        }
        #expect(text.contains("Default: 10000."))
    }
}
