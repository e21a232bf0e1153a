import FoundationEssentials
import HTTP
import HTTPServer
import Lifecycle
import Telemetry
import Testing

@Suite("A server that is stopped", .timeLimit(.minutes(2)))
struct StopTests {
    @Test func finishesWhatIsInHandWhenStopped() async throws {
        let entered = Box(false)
        let goOn = Box(false)
        var router = Router()
        router.get("/slow") { _ in
            entered.value = true
            while !goOn.value { try await Task.sleep(for: .milliseconds(5)) }
            return .text("done")
        }
        router.get("/events") { _ in
            .eventStream { events in
                try await events.send("first")
                while true { try await Task.sleep(for: .seconds(60)) }
            }
        }
        let server = HTTPServer(
            router: router, port: 0, logger: Logger(service: "t", sink: MemoryLogSink()), metrics: .init())
        try server.start()
        let run = Task { try await server.run() }
        let client = try await RawClient(port: server.boundPort)
        try await client.send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n")
        let listener = try await RawClient(port: server.boundPort)
        try await listener.send("GET /events HTTP/1.1\r\nHost: t\r\n\r\n")
        _ = try await listener.read(until: "first")
        try await eventually { entered.value }
        let stop = Task { await server.stop() }
        #expect(try await listener.read(until: "0\r\n\r\n").contains("0\r\n\r\n"), "events end in order")
        goOn.value = true
        let answer = try await client.readAll()
        #expect(answer.hasSuffix("done"))
        #expect(answer.contains("Connection: close"))
        await stop.value
        try await run.value
        await #expect(throws: (any Error).self) { try await RawClient(port: server.boundPort) }
    }

    /// A request that came between the last look for requests and the stop once ended the process.
    @Test func requestsMayComeWhileItStops() async throws {
        for round in 0..<60 {
            try await withServer {
                $0.get("/small") { _ in
                    try await Task.sleep(for: .milliseconds(2))
                    return .text("ok")
                }
            } _: { server in
                var clients: [RawClient] = []
                for _ in 0..<12 { clients.append(try await RawClient(port: server.boundPort)) }
                let request = "GET /small HTTP/1.1\r\nHost: t\r\n\r\n"
                for client in clients { try await client.send(request) }
                for client in clients { _ = try await client.read(until: "ok") }
                let stop = Task { await server.stop() }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (index, client) in clients.enumerated() {
                        group.addTask {
                            try await Task.sleep(for: .microseconds(25 * index + 5 * (round % 5)))
                            // Answered, or closed; never an answer that is cut.
                            try? await client.send(request)
                            let answer = (try? await client.readAll()) ?? ""
                            #expect(answer.isEmpty || answer.hasSuffix("ok"), "\(answer)")
                        }
                    }
                    try await group.waitForAll()
                }
                await stop.value
            }
        }
    }

    @Test func deafHandlersAreCutByTheStop() async throws {
        var limits = ServerLimits()
        limits.drain = .milliseconds(50)
        let log = MemoryLogSink()
        let goOn = AsyncTrigger()
        let entered = Box(false)
        var answer = "none"
        try await withServer(limits: limits, log: log) {
            $0.get("/deaf") { _ in
                entered.value = true
                await Task { await goOn.wait() }.value
                return .text("late")
            }
        } _: { server in
            let client = try await RawClient(port: server.boundPort)
            try await client.send("GET /deaf HTTP/1.1\r\nHost: t\r\n\r\n")
            try await eventually { entered.value }
            await server.stop()
            answer = try await client.readAll()
        }
        goOn.fire()
        #expect(answer.isEmpty, "\(answer)")
        #expect(log.lines.contains { $0.message == "requests cut by the stop" })
    }
}
