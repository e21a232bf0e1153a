import Auth
import FoundationEssentials
import HTTP
import Jobs
import NetworkClient
import Primitives

/// Assets by storage's internal interface.
struct StorageAssets: AssetStore {
    let http: HTTPClient
    let tokens: ServiceTokens
    /// As in `http://127.0.0.1:8089`.
    let baseURL: String

    func asset(_ id: UUID, workspaceID: UUID) async throws -> AssetInfo? {
        let response = try await send(
            HTTPClientRequest(.GET, "\(baseURL)/internal/v1/assets/\(id.text)?workspaceId=\(workspaceID.text)"))
        switch response.status.rawValue {
        case 200: return try await response.json(limit: 8 << 20)
        case 404: return nil
        case let status: throw Self.failure(status)
        }
    }

    /// An asset to be, as storage is told of it.
    private struct Declaration: Encodable {
        var id: String
        var workspaceId: String
        var ownerId: String
        var projectId: String?
        var filename: String
        var contentType: String
        var kind: NewAsset.Kind
        var origin = "generated"
        var provider: String
        var prompt: String?
        var metadata: JSONValue
    }

    private struct Place: Decodable {
        /// Absent where the same bytes are there already.
        var uploadUrl: String?
    }

    @discardableResult
    func save(_ asset: NewAsset) async throws -> Bool {
        let declaration = Declaration(
            id: asset.id.text, workspaceId: asset.task.workspaceID.text, ownerId: asset.task.userID.text,
            projectId: asset.task.projectID?.text, filename: asset.filename, contentType: asset.contentType,
            kind: asset.kind, provider: asset.provider, prompt: asset.prompt.map { String($0.prefix(2_000)) },
            metadata: asset.metadata)
        let declared = try await send(try .json(.POST, "\(baseURL)/internal/v1/assets", declaration))
        // The id is ours alone: what is there already under it was made by an earlier try of the same work.
        if declared.status.rawValue == 409 { return false }
        guard (200..<300).contains(declared.status.rawValue) else { throw Self.failure(declared.status.rawValue) }
        let place: Place = try await declared.json()
        guard let target = place.uploadUrl else { return true }
        // A path alone means storage itself.
        let upload = HTTPClientRequest(
            .PUT, target.hasPrefix("/") ? baseURL + target : target, headers: ["Content-Type": asset.contentType],
            body: .data(asset.data),
            timeout: .seconds(120))
        let stored = try await http.execute(upload)
        _ = try await stored.data()
        if stored.status.rawValue == 409 { return false }
        guard (200..<300).contains(stored.status.rawValue) else { throw Self.failure(stored.status.rawValue) }
        return true
    }

    private func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        var request = request
        request.headers.set("Authorization", tokens.authorization(for: "storage"))
        return try await http.execute(request)
    }

    private static func failure(_ status: Int) -> JobFailure {
        // Storage that is away comes back; a request that it refuses is refused again.
        let retriable = status >= 500 || status == 429 || status == 408
        return JobFailure(
            status == 413 || status == 507 ? "storage_full" : "storage_failed", "Storage answered \(status).",
            retriable: retriable)
    }
}
