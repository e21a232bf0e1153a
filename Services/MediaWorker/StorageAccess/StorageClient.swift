import Auth
import FoundationEssentials
import HTTP
import Jobs
import NetworkClient
import Primitives

/// Storage's internal API. Faults become `JobFailure`: what the job cannot change is for good, the rest passes.
struct StorageClient: Sendable {
    let http: HTTPClient
    let baseURL: String
    let tokens: ServiceTokens

    /// The asset; `nil` where there is none in this workspace.
    func asset(_ id: UUID, workspaceID: UUID) async throws -> StoredAsset? {
        let path = "/internal/v1/assets/\(id.text)?workspaceId=\(workspaceID.text)"
        let request = HTTPClientRequest(.GET, baseURL + path, headers: headers)
        do { return try await send(request, expecting: [.ok]) } catch let failure as JobFailure
            where failure.code == "asset_not_found"
        { return nil }
    }

    /// A link to the bytes of an asset.
    func link(to id: UUID, workspaceID: UUID) async throws -> AssetLink {
        let body = ["workspaceId": workspaceID.text]
        return try await send(try json(.POST, "/internal/v1/assets/\(id.text)/url", body), expecting: [.ok, .created])
    }

    /// Writes what a probe found.
    func describe(_ id: UUID, _ facts: AssetFacts) async throws {
        let _: JSONValue = try await send(
            try json(.PATCH, "/internal/v1/assets/\(id.text)", facts), expecting: [.ok, .noContent])
    }

    /// Makes an asset of a file.
    func create(_ asset: NewAsset, from path: String) async throws {
        let answer: UploadLink = try await send(
            try json(.POST, "/internal/v1/assets", asset), expecting: [.ok, .created])
        try await put(path, to: answer, contentType: asset.contentType)
    }

    /// Makes a rendition of a file.
    func create(_ rendition: NewRendition, of id: UUID, from path: String) async throws {
        let answer: UploadLink = try await send(
            try json(.POST, "/internal/v1/assets/\(id.text)/renditions", rendition), expecting: [.ok, .created])
        try await put(path, to: answer, contentType: rendition.contentType)
    }

    private struct UploadLink: Codable, Sendable {
        /// Absent where the same bytes are there already.
        let uploadUrl: String?
    }

    private func put(_ path: String, to link: UploadLink, contentType: String) async throws {
        guard let target = link.uploadUrl else { return }
        let size = try LocalFile.size(path)
        // A path alone means storage itself.
        let url = target.hasPrefix("/") ? baseURL + target : target
        let request = HTTPClientRequest(
            .PUT, url, headers: ["Content-Type": contentType],
            body: .file(FileRegion(path: path, offset: 0, length: size)), timeout: nil)
        let response = try await translating { try await http.execute(request) }
        // An earlier try of the same job put other bytes of the same thing there: encoders differ, what was seen stays.
        if response.status == .conflict {
            _ = try? await response.data(upTo: 64 << 10)
            return
        }
        try await refuse(response, unless: [.ok, .created, .noContent])
        _ = try? await response.data(upTo: 1 << 20)
    }

    private var headers: HTTPHeaders { ["Authorization": tokens.authorization(for: "storage")] }

    private func json(_ method: HTTPMethod, _ path: String, _ value: some Encodable) throws -> HTTPClientRequest {
        try .json(method, baseURL + path, value, headers: headers)
    }

    private func send<T: Decodable & Sendable>(_ request: HTTPClientRequest, expecting statuses: [HTTPStatus])
        async throws -> T
    {
        try await translating {
            let response = try await http.execute(request)
            try await refuse(response, unless: statuses)
            let data = try await response.data(upTo: 1 << 20)
            return try JSON.decode(T.self, from: data.isEmpty ? Data("null".utf8) : data)
        }
    }

    func refuse(_ response: HTTPClientResponse, unless statuses: [HTTPStatus]) async throws {
        if statuses.contains(response.status) { return }
        struct Answer: Decodable { let code: String? }
        let data = (try? await response.data(upTo: 64 << 10)) ?? Data()
        let code = (try? JSON.decode(Answer.self, from: data))?.code
        let status = response.status.rawValue
        if status == 404 { throw JobFailure("asset_not_found", "There is no such asset.", retriable: false) }
        if status == 413 || code == "quota_exceeded" {
            throw JobFailure(code ?? "quota_exceeded", "There is no room for what was made.", retriable: false)
        }
        throw JobFailure(
            "storage_unavailable", "Storage answered \(status).",
            retriable: status >= 500 || status == 429 || status == 409)
    }

    func translating<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as HTTPClientError {
            throw JobFailure("storage_unavailable", "Storage cannot be reached (\(error.code)).", retriable: true)
        } catch is DecodingError {
            throw JobFailure("storage_unavailable", "Storage gave an answer that makes no sense.", retriable: true)
        }
    }
}
