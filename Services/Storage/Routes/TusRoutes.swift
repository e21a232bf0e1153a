import Auth
import FoundationEssentials
import HTTP
import Primitives
import ServiceKit

/// `/uploads`: tus 1.0.0 with creation, creation-with-upload, checksum, expiration, termination.
struct TusRoutes: Sendable {
    let context: StorageContext

    func add(to routes: inout Router) {
        for template in ["/api/v1/uploads", "/api/v1/uploads/{id}"] {
            routes.on(.OPTIONS, template) { _ in options() }
        }
        routes.group(context.platform.tokens.middleware) { routes in
            routes.post("/api/v1/uploads") { try await create($0) }
            routes.head("/api/v1/uploads/{id}") { try await head($0) }
            routes.patch("/api/v1/uploads/{id}") { try await patch($0) }
            routes.delete("/api/v1/uploads/{id}") { try await terminate($0) }
            routes.post("/api/v1/uploads/{id}") { request in
                // For clients behind proxies that know only GET and POST.
                switch request.headers["X-HTTP-Method-Override"]?.uppercased() {
                case "PATCH": return try await patch(request)
                case "DELETE": return try await terminate(request)
                case "HEAD": return try await head(request)
                default:
                    throw Problem(
                        .methodNotAllowed, code: "method_not_allowed", detail: "Use PATCH, HEAD or DELETE.",
                        headers: ["Allow": "DELETE, HEAD, OPTIONS, PATCH"])
                }
            }
        }
    }

    private func options() -> HTTPResponse {
        HTTPResponse(
            .noContent,
            headers: [
                "Tus-Version": TusProtocol.version, "Tus-Extension": TusProtocol.extensions,
                "Tus-Max-Size": String(context.settings.largestUpload), "Tus-Checksum-Algorithm": "sha1,sha256",
            ])
    }

    private func create(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try request.requirePrincipal()
        try TusProtocol.checkVersion(request)
        guard principal.role.canWrite else { throw Problem.forbidden("Your role may only read.") }
        if request.headers.contains("Upload-Defer-Length") {
            throw Problem.invalid(field: "Upload-Defer-Length", reason: "is not known here; give Upload-Length")
        }
        let length = try TusProtocol.number("Upload-Length", request)
        let metadata = try TusProtocol.metadata(request.headers["Upload-Metadata"])
        let projectID = try metadata["projectId"].map { text in
            guard let id = UUID(uuidString: text) else {
                throw Problem.invalid(field: "Upload-Metadata", reason: "has a projectId that is no UUID")
            }
            return id
        }
        let isWithUpload = request.contentType == TusProtocol.contentType
        if !isWithUpload, let announced = request.body.length, announced > 0 {
            throw Problem.unsupportedMediaType(expected: TusProtocol.contentType)
        }
        let checksum = try TusProtocol.Checksum(request)
        var progress = try await context.uploads.create(
            workspaceID: principal.workspaceID, ownerID: principal.userID, projectID: projectID, length: length,
            filename: Filename.clean(metadata["filename"] ?? metadata["name"]),
            metadata: request.headers["Upload-Metadata"] ?? "")
        if isWithUpload, !progress.isComplete {
            progress = try await context.uploads.append(
                request.body, to: progress.upload.id, workspaceID: principal.workspaceID, at: 0, checksum: checksum)
        }
        var headers = headers(progress)
        headers.set("Location", "/api/v1/uploads/\(progress.upload.id.text)")
        return HTTPResponse(.created, headers: headers)
    }

    private func head(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try request.requirePrincipal()
        try TusProtocol.checkVersion(request)
        let progress = try await context.uploads.progress(
            request.uuid("id", of: "upload"), workspaceID: principal.workspaceID)
        var headers = headers(progress)
        headers.set("Cache-Control", "no-store")
        headers.set("Upload-Length", String(progress.upload.length))
        if !progress.upload.metadata.isEmpty { headers.set("Upload-Metadata", progress.upload.metadata) }
        return HTTPResponse(.ok, headers: headers)
    }

    private func patch(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try request.requirePrincipal()
        try TusProtocol.checkVersion(request)
        let id = try request.uuid("id", of: "upload")
        guard request.contentType == TusProtocol.contentType else {
            _ = try await context.uploads.find(id, workspaceID: principal.workspaceID)
            throw Problem.unsupportedMediaType(expected: TusProtocol.contentType)
        }
        guard principal.role.canWrite else { throw Problem.forbidden("Your role may only read.") }
        let offset = try TusProtocol.number("Upload-Offset", request)
        let checksum = try TusProtocol.Checksum(request)
        let progress = try await context.uploads.append(
            request.body, to: id, workspaceID: principal.workspaceID, at: offset, checksum: checksum)
        return HTTPResponse(.noContent, headers: headers(progress))
    }

    private func terminate(_ request: HTTPRequest) async throws -> HTTPResponse {
        let principal = try request.requirePrincipal()
        try TusProtocol.checkVersion(request)
        guard principal.role.canWrite else { throw Problem.forbidden("Your role may only read.") }
        try await context.uploads.terminate(request.uuid("id", of: "upload"), workspaceID: principal.workspaceID)
        return .noContent
    }

    private func headers(_ progress: UploadDesk.Progress) -> HTTPHeaders {
        var headers: HTTPHeaders = ["Upload-Offset": String(progress.offset)]
        if progress.isComplete {
            headers.set("Upload-Asset-Id", progress.upload.assetID.text)
        } else {
            headers.set("Upload-Expires", TusProtocol.date(progress.upload.expiresAt))
        }
        return headers
    }
}
