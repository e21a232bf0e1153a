import Foundation
import HTTP
import HTTPServer
import Primitives
import Synchronization
import Telemetry
import TestKit

/// Storage's internal API as this worker uses it, over memory and the sample files.
final class FakeStorage: Sendable {
    struct Rendition: Sendable {
        let contentType: String
        let width: Int?
        let data: Data
    }

    private struct State {
        var files: [UUID: (workspace: UUID, path: String, kind: String)] = [:]
        var described: [UUID: JSONValue] = [:]
        var renditions: [UUID: [String: Rendition]] = [:]
        var made: [UUID: JSONValue] = [:]
        var bytes: [UUID: Data] = [:]
        var waiting: [String: JSONValue] = [:]
    }

    private let state = Mutex(State())
    private let port = Mutex(0)

    var url: String { "http://127.0.0.1:\(port.withLock { $0 })" }

    func add(_ path: String, kind: String, workspace: UUID) -> UUID {
        let id = UUID.v7()
        state.withLock { $0.files[id] = (workspace, path, kind) }
        return id
    }

    func described(_ id: UUID) -> JSONValue? { state.withLock { $0.described[id] } }
    func renditions(_ id: UUID) -> [String: Rendition] { state.withLock { $0.renditions[id] ?? [:] } }
    func made(_ id: UUID) -> JSONValue? { state.withLock { $0.made[id] } }
    func bytes(_ id: UUID) -> Data? { state.withLock { $0.bytes[id] } }

    /// Runs a server for as long as `body` does.
    static func run<T: Sendable>(_ body: (FakeStorage) async throws -> T) async throws -> T {
        let storage = FakeStorage()
        let server = HTTPServer(
            router: storage.router, port: 0, logger: Logger(service: "storage", sink: MemoryLogSink()))
        try server.start()
        storage.port.withLock { $0 = server.boundPort }
        return try await withRunning([server]) { try await body(storage) }
    }

    private func file(_ request: HTTPRequest, _ workspace: String?) throws -> (UUID, String, String) {
        guard request.headers["Authorization"]?.hasPrefix("Atelier-Service media-worker.") == true else {
            throw Problem.unauthorized()
        }
        guard let id = request.parameters["id"].flatMap({ UUID(uuidString: $0) }),
            let file = state.withLock({ $0.files[id] }), file.workspace == workspace.flatMap({ UUID(uuidString: $0) })
        else { throw Problem.notFound("asset") }
        return (id, file.path, file.kind)
    }

    private var router: Router {
        var routes = Router()
        routes.get("/internal/v1/assets/{id}") { request in
            let (id, path, kind) = try self.file(request, request.query["workspaceId"])
            return try .json(.ok, Self.asset(id, path, kind))
        }
        routes.patch("/internal/v1/assets/{id}") { request in
            let facts = try await request.decode(JSONValue.self)
            let (id, path, kind) = try self.file(request, facts["workspaceId"]?.stringValue)
            self.state.withLock { $0.described[id] = facts }
            return try .json(.ok, Self.asset(id, path, kind))
        }
        routes.post("/internal/v1/assets/{id}/url") { request in
            let body = try await request.decode(JSONValue.self)
            let (id, path, _) = try self.file(request, body["workspaceId"]?.stringValue)
            let size = try Self.size(path)
            return try .json(
                .ok,
                [
                    "url": .string("\(self.url)/files/\(id.text)"), "filename": "f", "contentType": "x/y",
                    "size": .int(size),
                ] as JSONValue)
        }
        routes.get("/files/{id}") { request in
            let id = request.parameters["id"].flatMap { UUID(uuidString: $0) }
            guard let id, let file = self.state.withLock({ $0.files[id] }) else { throw Problem.notFound("file") }
            let region = FileRegion(path: file.path, offset: 0, length: try Self.size(file.path))
            return HTTPResponse(.ok, body: .file(region))
        }
        routes.post("/internal/v1/assets") { try await self.announce($0) }
        routes.post("/internal/v1/assets/{id}/renditions") { request in try await self.announce(request) }
        routes.put("/put/{ticket}") { request in
            let data = try await request.body.collect(upTo: 100 << 20)
            return try self.keep(request.parameters["ticket"] ?? "", data)
        }
        return routes
    }

    private func announce(_ request: HTTPRequest) async throws -> HTTPResponse {
        var what = try await request.decode(JSONValue.self).objectValue ?? [:]
        what["asset"] = request.parameters["id"].map { .string($0) }
        let ticket = UUID.v7().text
        state.withLock { [what] in $0.waiting[ticket] = .object(what) }
        return try .json(.created, ["uploadUrl": "\(url)/put/\(ticket)"])
    }

    private func keep(_ ticket: String, _ data: Data) throws -> HTTPResponse {
        try state.withLock { state in
            guard let what = state.waiting.removeValue(forKey: ticket) else { throw Problem.notFound("upload") }
            if let asset = what["asset"]?.stringValue.flatMap({ UUID(uuidString: $0) }),
                let name = what["name"]?.stringValue
            {
                state.renditions[asset, default: [:]][name] = Rendition(
                    contentType: what["contentType"]?.stringValue ?? "", width: what["width"]?.intValue.map { Int($0) },
                    data: data)
            } else if let id = what["id"]?.stringValue.flatMap({ UUID(uuidString: $0) }) {
                state.made[id] = what
                state.bytes[id] = data
            }
        }
        return HTTPResponse(.created)
    }

    private static func asset(_ id: UUID, _ path: String, _ kind: String) throws -> JSONValue {
        [
            "id": .string(id.text), "filename": .string((path as NSString).lastPathComponent), "contentType": "x/y",
            "kind": .string(kind), "size": .int(try size(path)), "width": kind == "image" ? 600 : 854,
            "height": kind == "image" ? 400 : 480, "durationMs": kind == "image" ? .null : 30_000,
        ]
    }

    private static func size(_ path: String) throws -> Int64 {
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        return Int64(size ?? 0)
    }
}
