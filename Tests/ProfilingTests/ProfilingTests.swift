import Execution
import FoundationEssentials
import HTTP
import HTTPServer
import Lifecycle
import Messaging
import NetworkClient
import Primitives
import Profiling
import ServiceKit
import Synchronization
import Telemetry
import TestKit
import Testing

/// One after the other: a process has one profile at a time.
@Suite("A profile", .serialized, .timeLimit(.minutes(3)))
struct ProfilingTests {
    private let logger = Logger(service: "test", sink: MemoryLogSink())

    @Test("names the function that burns, with the functions that await it before it")
    func names() async throws {
        try await whileBurning {
            // How much of the processor a second gives is not known: until it has been seen.
            try await eventually(within: .seconds(120)) {
                let text = try await CPUProfile.take(.seconds(1), hertz: 99)
                return text.split(separator: "\n").contains { line in
                    let frames = line.split(separator: ";")
                    let places = ["awaitsTheAwaiter", "awaitsTheBurner", "burnsForTheProfile"].map { name in
                        frames.firstIndex { $0.contains("ProfilingTests.\(name)(") } ?? -1
                    }
                    return places[0] > 0 && places[1] == places[0] + 1 && places[2] == places[1] + 1
                }
            }
        }
        #expect(!isProfiling())
    }

    @Test("has a line for each stack, with the number of its samples, the most frequent first")
    func lines() async throws {
        let text = try await whileBurning { try await CPUProfile.take(.seconds(2), hertz: 500) }
        let counts = text.split(separator: "\n").map { $0.split(separator: " ").last.flatMap { Int($0) } }
        try #require(!counts.isEmpty)
        #expect(counts == counts.sorted { ($0 ?? 0) > ($1 ?? 0) })
        #expect(counts.allSatisfy { ($0 ?? 0) > 0 })
    }

    @Test("is refused where one is taken; ends when the client goes, and nothing of it stays")
    func one() async throws {
        try await withAdmin { client, base, _ in
            let first = Task {
                try await client.execute(HTTPClientRequest(.GET, "\(base)?seconds=60", timeout: .seconds(90))).data()
            }
            try await eventually { isProfiling() }
            let second = try await client.execute(HTTPClientRequest(.GET, "\(base)?seconds=1"))
            #expect(second.status == .conflict)
            #expect(String(decoding: try await second.data(), as: UTF8.self).contains("profile_under_way"))
            #expect(isProfiling())
            first.cancel()
            try await eventually { !isProfiling() }
        }
    }

    @Test("ends with what it has when the process is told to stop")
    func stops() async throws {
        try await withAdmin { client, base, group in
            let taken = Task {
                try await whileBurning {
                    try await client.execute(HTTPClientRequest(.GET, "\(base)?seconds=60", timeout: .seconds(90)))
                }
            }
            try await eventually { isProfiling() }
            group.stop()
            let answer = try await taken.value
            #expect(answer.status == .ok)
            _ = try await answer.data()
            #expect(!isProfiling())
        }
    }

    @Test(
        "asks for what can be given",
        arguments: ["seconds=0", "seconds=61", "seconds=x", "hertz=0", "hertz=501", "seconds=1&hertz=1.5"])
    func values(query: String) async throws {
        try await withAdmin { client, base, _ in
            let answer = try await client.execute(HTTPClientRequest(.GET, "\(base)?\(query)"))
            #expect(answer.status == .badRequest)
            #expect(answer.headers["Content-Type"] == "application/problem+json")
            _ = try await answer.data()
            #expect(!isProfiling())
        }
    }

    @Test("disturbs neither requests, nor Kafka, nor timers, nor children")
    func undisturbed() async throws {
        let broker = try MockBroker()
        let settings = KafkaSettings(bootstrapServers: broker.address, partitions: 1, replication: 1)
        let producer = try KafkaProducer(settings: settings, logger: logger)
        let rounds = Mutex(0)
        let timer = Periodic("timer", every: .milliseconds(5), logger: logger) {
            rounds.withLock { $0 += 1 }
            return false
        }
        try await withRunning([producer, timer]) {
            try await withAdmin { client, base, _ in
                let profile = Task { try await CPUProfile.take(.seconds(60), hertz: 500) }
                try await eventually { isProfiling() }
                try await whileBurning {
                    try await withThrowingTaskGroup(of: Void.self) { tasks in
                        for part in 0..<4 {
                            tasks.addTask {
                                for turn in 0..<100 {
                                    let request = HTTPClientRequest(
                                        .GET, base.replacing("/debug/profile", with: "/metrics"))
                                    let answer = try await client.execute(request)
                                    #expect(answer.status == .ok)
                                    #expect(try await answer.data() == Data("up 1\n".utf8))
                                    let record = KafkaRecord(
                                        topic: "t", key: Data("\(part)".utf8), headers: [], value: Data("\(turn)".utf8))
                                    _ = try await producer.send(record)
                                }
                            }
                        }
                        tasks.addTask {
                            for _ in 0..<20 {
                                let said = try Command.run("/bin/echo", ["a"])
                                #expect(said.hasPrefix("a"))
                            }
                        }
                        try await tasks.waitForAll()
                    }
                }
                let before = rounds.withLock { $0 }
                try await eventually { rounds.withLock { $0 } > before + 10 }
                #expect(isProfiling())
                profile.cancel()
                await #expect(throws: CancellationError.self) { try await profile.value }
            }
        }
        #expect(!isProfiling())
    }

    /// A private listener, as a part of a group that runs.
    private func withAdmin(_ body: (HTTPClient, String, ServiceGroup) async throws -> Void) async throws {
        let phase = PhaseBox()
        let routes = AdminRoutes.router(phase: phase, readiness: { [] }) { "up 1\n" }
        let server = HTTPServer(router: routes, port: 0, logger: logger, metrics: MetricsRegistry())
        let group = ServiceGroup([server], logger: logger, drainDelay: .zero)
        phase.follow(group)
        let run = Task { try await group.run() }
        try await server.ready()
        do {
            try await body(HTTPClient(), "http://127.0.0.1:\(server.boundPort)/debug/profile", group)
        } catch {
            group.stop()
            throw error
        }
        group.stop()
        try await run.value
    }
}
