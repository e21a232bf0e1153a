import FoundationEssentials
import HTTP
import NetworkClient
import Primitives

/// The social network of the sandbox, which has the habits of the real ones.
struct SandboxNetwork: SocialNetwork {
    let platform = "sandbox"
    let issuer: String?
    private let url: String
    private let calls: NetworkCalls
    private static let clientID = "atelier"

    init(url: String, http: HTTPClient, timeout: Duration = .seconds(20)) {
        self.url = url
        issuer = url
        calls = NetworkCalls(http: http, timeout: timeout)
    }

    func authorizationURL(state: String, challenge: String, redirectURI: String) -> String {
        let query = Self.form([
            ("response_type", "code"), ("client_id", Self.clientID), ("redirect_uri", redirectURI), ("state", state),
            ("code_challenge", challenge), ("code_challenge_method", "S256"), ("scope", "post read"),
        ])
        return "\(url)/oauth/authorize?\(query)"
    }

    func exchange(code: String, verifier: String, redirectURI: String) async throws -> TokenSet {
        try await token([
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
            ("client_id", Self.clientID), ("code_verifier", verifier),
        ])
    }

    func refresh(_ refreshToken: String) async throws -> TokenSet {
        try await token([
            ("grant_type", "refresh_token"), ("refresh_token", refreshToken), ("client_id", Self.clientID),
        ])
    }

    func profile(_ accessToken: String) async throws -> NetworkProfile {
        struct Answer: Decodable {
            let id: String
            let username: String
        }
        let answer: Answer = try await calls.json(HTTPClientRequest(.GET, "\(url)/api/me"), accessToken)
        return NetworkProfile(id: answer.id, username: answer.username)
    }

    func upload(
        _ media: HTTPBody, length: Int64, contentType: String, _ accessToken: String
    ) async throws -> String {
        struct Answer: Decodable { let media_id: String }
        let request = HTTPClientRequest(
            .POST, "\(url)/api/media", headers: ["Content-Type": contentType], body: .stream(media, length: length),
            timeout: nil)
        do {
            let answer: Answer = try await calls.json(request, accessToken)
            return answer.media_id
        } catch NetworkFailure.outcomeUnknown(let reason) {
            // Content that nobody posts harms nobody: it is uploaded again.
            throw NetworkFailure.unavailable(reason)
        }
    }

    private struct Posted: Decodable {
        let id: String
        let url: String
        let views: Int64
        let likes: Int64
        let comments: Int64
        let shares: Int64
    }

    func post(_ new: NewPost, _ accessToken: String) async throws -> NetworkPost {
        struct Content: Encodable {
            let mediaId: String
            let caption: String
            let clientReference: String
        }
        let content = Content(mediaId: new.mediaID, caption: new.caption, clientReference: new.reference)
        let answer: Posted = try await calls.json(.json(.POST, "\(url)/api/posts", content), accessToken)
        return NetworkPost(id: answer.id, url: answer.url)
    }

    func find(reference: String, _ accessToken: String) async throws -> NetworkPost? {
        struct Answer: Decodable { let items: [Posted] }
        let query = Self.form([("client_reference", reference)])
        let answer: Answer = try await calls.json(HTTPClientRequest(.GET, "\(url)/api/posts?\(query)"), accessToken)
        return answer.items.first.map { NetworkPost(id: $0.id, url: $0.url) }
    }

    func figures(postID: String, _ accessToken: String) async throws -> PostFigures {
        let path = PercentEncoding.encode(postID)
        let answer: Posted = try await calls.json(HTTPClientRequest(.GET, "\(url)/api/posts/\(path)"), accessToken)
        return PostFigures(
            views: answer.views, likes: answer.likes, comments: answer.comments, shares: answer.shares)
    }

    func revoke(_ token: String) async {
        let body = Data(Self.form([("token", token)]).utf8)
        let request = HTTPClientRequest(
            .POST, "\(url)/oauth/revoke", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: .data(body), timeout: .seconds(5))
        _ = try? await calls.http.execute(request)
    }

    private func token(_ fields: [(String, String)]) async throws -> TokenSet {
        struct Answer: Decodable {
            let access_token: String
            let refresh_token: String?
            let token_type: String
            let expires_in: Double?
        }
        let request = HTTPClientRequest(
            .POST, "\(url)/oauth/token", headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: .data(Data(Self.form(fields).utf8)), timeout: calls.timeout)
        let answer: Answer = try await calls.json(request, nil)
        guard answer.token_type.lowercased() == "bearer", !answer.access_token.isEmpty else {
            throw NetworkFailure.refused(code: "invalid_token_answer", message: "The network gave no usable token.")
        }
        return TokenSet(
            accessToken: answer.access_token, refreshToken: answer.refresh_token,
            expiresAt: answer.expires_in.map { Date() + $0 })
    }

    private static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
    }
}
