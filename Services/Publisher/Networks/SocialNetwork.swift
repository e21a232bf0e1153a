import FoundationEssentials
import HTTP

/// A social network as the publisher needs it. One adapter for each; what they do differently stays in it.
protocol SocialNetwork: Sendable {
    /// The name in the API: `sandbox`, …
    var platform: String { get }
    /// The issuer that its authorization server names in `iss` (RFC 9207); `nil` where it names none.
    var issuer: String? { get }

    /// Where a person agrees (OAuth2 authorization code with PKCE, RFC 6749 §4.1, RFC 7636).
    func authorizationURL(state: String, challenge: String, redirectURI: String) -> String
    /// Changes a code into tokens.
    func exchange(code: String, verifier: String, redirectURI: String) async throws -> TokenSet
    /// Gets new tokens. The refresh token is used up by it.
    func refresh(_ refreshToken: String) async throws -> TokenSet
    /// Whose account it is.
    func profile(_ accessToken: String) async throws -> NetworkProfile
    /// Brings the content there; nothing is visible yet, and to do it twice harms nobody.
    /// - Returns: the network's id of it.
    func upload(_ media: HTTPBody, length: Int64, contentType: String, _ accessToken: String) async throws -> String
    /// Makes the post. Never called twice for one reference without asking ``find(reference:_:)`` in between.
    func post(_ new: NewPost, _ accessToken: String) async throws -> NetworkPost
    /// The post of a reference, where there is one.
    func find(reference: String, _ accessToken: String) async throws -> NetworkPost?
    /// How a post does.
    func figures(postID: String, _ accessToken: String) async throws -> PostFigures
    /// Gives tokens back, as well as it can.
    func revoke(_ token: String) async
}

/// The tokens of an account.
struct TokenSet: Sendable, Equatable {
    let accessToken: String
    let refreshToken: String?
    let expiresAt: Date?
}

/// Who an account is.
struct NetworkProfile: Sendable, Equatable {
    let id: String
    let username: String
}

/// A post to be made.
struct NewPost: Sendable {
    let mediaID: String
    let caption: String
    /// By which the network finds it again.
    let reference: String
}

/// A post that was made.
struct NetworkPost: Sendable, Equatable {
    let id: String
    let url: String
}

/// What a network counts.
struct PostFigures: Sendable, Equatable, Codable {
    let views: Int64
    let likes: Int64
    let comments: Int64
    let shares: Int64
}
