import Auth
import FoundationEssentials
import HTTP
import NetworkClient
import Primitives

/// Assets of the service storage, read through links that it signs at the moment of use.
struct StorageAssets: AssetSource {
    let http: HTTPClient
    let tokens: ServiceTokens
    let baseURL: String

    func info(_ id: UUID, workspaceID: UUID) async throws -> AssetInfo? {
        let url = "\(baseURL)/internal/v1/assets/\(id.text)?workspaceId=\(workspaceID.text)"
        let request = HTTPClientRequest(.GET, url, headers: headers, timeout: .seconds(10))
        return try await answer(request)
    }

    func open(_ id: UUID, workspaceID: UUID) async throws -> AssetContent? {
        struct Question: Encodable { let workspaceId: String }
        struct Link: Decodable {
            let url: String
            let contentType: String
            let size: Int64
        }
        let request = try HTTPClientRequest.json(
            .POST, "\(baseURL)/internal/v1/assets/\(id.text)/url", Question(workspaceId: workspaceID.text),
            headers: headers,
            timeout: .seconds(10))
        guard let link: Link = try await answer(request) else { return nil }
        let response = try await http.execute(HTTPClientRequest(.GET, link.url, timeout: nil))
        guard response.status == .ok else {
            throw NetworkFailure.unavailable("storage answered \(response.status.rawValue)")
        }
        return AssetContent(body: response.body, length: link.size, contentType: link.contentType)
    }

    private var headers: HTTPHeaders { ["Authorization": tokens.authorization(for: "storage")] }

    private func answer<T: Decodable>(_ request: HTTPClientRequest) async throws -> T? {
        let response = try await http.execute(request)
        let data = try await response.data(upTo: 1 << 20)
        switch response.status {
        case .ok, .created: return try JSON.decode(T.self, from: data)
        case .notFound: return nil
        default: throw NetworkFailure.unavailable("storage answered \(response.status.rawValue)")
        }
    }
}
