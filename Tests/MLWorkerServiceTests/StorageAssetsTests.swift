import Auth
import FoundationEssentials
import HTTP
import HTTPServer
import Jobs
import NetworkClient
import Primitives
import Synchronization
import Telemetry
import Testing

@testable import MLWorkerService

/// Storage's internal interface, played by a small server.
@Suite struct StorageAssetsTests {
    private final class Storage: Sendable {
        let tokens = ServiceTokens(secret: String(repeating: "s", count: 32), service: "storage")
        let declared = Mutex<[JSONValue]>([])
        let stored = Mutex<[Data]>([])
        let status: HTTPStatus

        init(status: HTTPStatus = .created) { self.status = status }

        func routes() -> Router {
            var router = Router()
            router.get("/internal/v1/assets/{id}") { [self] request in
                guard tokens.caller(request.headers["Authorization"] ?? "") == "ml-worker" else {
                    return HTTPResponse(.unauthorized)
                }
                guard request.parameters["id"]?.hasPrefix("0") == true else { throw Problem.notFound("asset") }
                return try .json(
                    .ok,
                    [
                        "id": "00000000-0000-7000-8000-000000000000", "kind": "video", "filename": "a.mp4",
                        "contentType": "video/mp4", "durationMs": 9000, "origin": "upload", "size": 12,
                        "metadata": ["shots": [["startMs": 0, "endMs": 4000], ["startMs": 4000, "endMs": 9000]]],
                    ] as JSONValue)
            }
            router.post("/internal/v1/assets") { [self] request in
                let body: JSONValue = try await request.decode()
                declared.withLock { $0.append(body) }
                return try .json(status, ["uploadUrl": "/put/here?sig=x"] as JSONValue)
            }
            router.put("/put/here") { [self] request in
                let data = try await request.body.collect(upTo: 1 << 20)
                stored.withLock { $0.append(data) }
                return HTTPResponse(.created)
            }
            return router
        }
    }

    private func with(_ storage: Storage, _ body: (StorageAssets) async throws -> Void) async throws {
        let server = HTTPServer(
            router: storage.routes(), port: 0, logger: Logger(service: "test", sink: MemoryLogSink()),
            metrics: MetricsRegistry())
        try server.start()
        let assets = StorageAssets(
            http: HTTPClient(), tokens: ServiceTokens(secret: String(repeating: "s", count: 32), service: "ml-worker"),
            baseURL: "http://127.0.0.1:\(server.boundPort)")
        do { try await body(assets) } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func file() -> NewAsset {
        NewAsset(
            id: .v7(), task: .test(), filename: "s1.wav", contentType: "audio/wav", kind: .audio,
            data: Data("RIFF".utf8),
            provider: "espeak-ng", prompt: "Hello.", metadata: ["durationMs": 5])
    }

    @Test func findsAndSaves() async throws {
        let storage = Storage()
        try await with(storage) { assets in
            let id = try #require(UUID(uuidString: "00000000-0000-7000-8000-000000000000"))
            let item = try #require(try await assets.asset(id, workspaceID: .v7())?.mediaItem)
            #expect(item.kind == .clip)
            #expect(item.shots.map(\.endMs) == [4000, 9000])
            let other = try #require(UUID(uuidString: "f0000000-0000-7000-8000-000000000000"))
            #expect(try await assets.asset(other, workspaceID: .v7()) == nil)
            try await assets.save(file())
        }
        let declared = try #require(storage.declared.withLock { $0.first })
        #expect(declared["origin"] == "generated")
        #expect(declared["kind"] == "audio")
        #expect(storage.stored.withLock { $0 } == [Data("RIFF".utf8)])
    }

    @Test func whatIsThereAlreadyStays() async throws {
        let storage = Storage(status: .conflict)
        try await with(storage) { assets in
            let isOurs = try await assets.save(file())
            #expect(isOurs == false)
        }
        #expect(storage.stored.withLock { $0.isEmpty })
    }

    @Test(arguments: [(500, true, "storage_failed"), (413, false, "storage_full"), (400, false, "storage_failed")])
    func faults(status: Int, retriable: Bool, code: String) async throws {
        try await with(Storage(status: HTTPStatus(rawValue: status))) { assets in
            let error = await #expect(throws: JobFailure.self) { try await assets.save(file()) }
            #expect(error?.code == code)
            #expect(error?.retriable == retriable)
        }
    }

    @Test func away() async throws {
        let assets = StorageAssets(
            http: HTTPClient(), tokens: ServiceTokens(secret: String(repeating: "s", count: 32), service: "ml-worker"),
            baseURL: "http://127.0.0.1:9")
        do { try await assets.save(file()) } catch {
            #expect((AgentHandlers.failure(error) as? JobFailure)?.retriable == true)
            return
        }
        Issue.record("nothing was thrown")
    }
}
