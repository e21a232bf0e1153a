import Auth
import FoundationEssentials
import HTTP
import HTTPServer
import NetworkClient
import Primitives
import Synchronization
import Telemetry
import TestKit

@testable import Assets

/// Storage's internal API, played by a small server that knows one asset.
final class StorageServer: Sendable {
    /// What it answers instead, by route.
    struct Faults: Sendable {
        var announcing: HTTPResponse?
        var putting: HTTPResponse?
        var linking: HTTPResponse?
        var reading: HTTPResponse?
        /// Bytes that it says the content has.
        var size: Int64?
    }

    static let asset = UUID.v7()
    static let workspace = UUID.v7()
    static let content = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    private static let secret = String(repeating: "s", count: 32)

    private let faults: Faults
    private let seen = Mutex<[(what: String, body: JSONValue)]>([])
    private let taken = Mutex<[Data]>([])

    private init(_ faults: Faults) { self.faults = faults }

    /// What was announced or written, oldest first, with the path below `/internal/v1/assets`.
    var announced: [(what: String, body: JSONValue)] { seen.withLock { $0 } }
    /// The bytes that were put.
    var stored: [Data] { taken.withLock { $0 } }

    /// Runs a server and a client of it for as long as `body` does.
    static func run(_ faults: Faults = Faults(), _ body: (StorageServer, AssetClient) async throws -> Void) async throws
    {
        let storage = StorageServer(faults)
        let server = HTTPServer(
            router: storage.routes, port: 0, logger: Logger(service: "test", sink: MemoryLogSink()),
            metrics: MetricsRegistry())
        try server.start()
        try await withRunning([server]) { try await body(storage, client(port: server.boundPort)) }
    }

    static func client(port: Int) -> AssetClient {
        AssetClient(
            http: HTTPClient(), baseURL: "http://127.0.0.1:\(port)",
            tokens: ServiceTokens(secret: secret, service: "ml-worker"))
    }

    private func check(_ request: HTTPRequest, workspace: String?) throws {
        let tokens = ServiceTokens(secret: Self.secret, service: "storage")
        guard tokens.caller(request.headers["Authorization"] ?? "") == "ml-worker" else { throw Problem.unauthorized() }
        guard request.parameters["id"].flatMap({ UUID(uuidString: $0) }) == Self.asset,
            workspace.flatMap({ UUID(uuidString: $0) }) == Self.workspace
        else { throw Problem.notFound("asset") }
    }

    private var routes: Router {
        var routes = Router()
        routes.get("/internal/v1/assets/{id}") { [self] request in
            try check(request, workspace: request.query["workspaceId"])
            return try .json(
                .ok,
                [
                    "id": .string(Self.asset.text), "kind": "video", "filename": "a.mp4", "contentType": "video/mp4",
                    "durationMs": 9000, "origin": "upload", "size": 12, "metadata": ["codec": "h264"],
                ] as JSONValue)
        }
        routes.patch("/internal/v1/assets/{id}") { [self] request in
            let body: JSONValue = try await request.decode()
            try check(request, workspace: body["workspaceId"]?.stringValue)
            seen.withLock { $0.append(("facts", body)) }
            return HTTPResponse(.noContent)
        }
        routes.post("/internal/v1/assets/{id}/url") { [self] request in
            let body: JSONValue = try await request.decode()
            try check(request, workspace: body["workspaceId"]?.stringValue)
            if let fault = faults.linking { return fault }
            let size = faults.size ?? Int64(Self.content.count)
            return try .json(
                .ok,
                ["url": "/content", "filename": "a.mp4", "contentType": "video/mp4", "size": .int(size)] as JSONValue)
        }
        routes.get("/content") { [self] _ in faults.reading ?? HTTPResponse(.ok, body: .data(Self.content)) }
        routes.post("/internal/v1/assets") { [self] request in try await announce(request, "asset") }
        routes.post("/internal/v1/assets/{id}/renditions") { [self] request in
            try await announce(request, "rendition")
        }
        routes.put("/put") { [self] request in
            if let fault = faults.putting { return fault }
            let data = try await request.body.collect(upTo: 1 << 20)
            taken.withLock { $0.append(data) }
            return HTTPResponse(.created)
        }
        return routes
    }

    private func announce(_ request: HTTPRequest, _ what: String) async throws -> HTTPResponse {
        let body: JSONValue = try await request.decode()
        seen.withLock { $0.append((what, body)) }
        return try faults.announcing ?? .json(.created, ["uploadUrl": "/put?sig=x"] as JSONValue)
    }
}
