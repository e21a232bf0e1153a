import Assets
import Foundation
import HTTP
import Synchronization

@testable import PublisherService

/// A network in memory that keeps every call, and fails as it is told.
final class FakeNetwork: SocialNetwork {
    enum Call: Equatable, Sendable {
        case exchange, refresh, upload(String), post(String), find(String), figures(String)
    }

    /// What the next posts do instead of working.
    enum Mischief: Sendable {
        case fails(NetworkFailure)
        /// Posts, and loses the answer.
        case losesAnswer
        /// Does nothing, and loses the answer.
        case losesRequest
    }

    private struct State {
        var calls: [(call: Call, at: ContinuousClock.Instant)] = []
        var mischief: [Mischief] = []
        var posts: [(reference: String, post: NetworkPost)] = []
        var access: Set<String> = ["access-0"]
        var refresh: Set<String> = ["refresh-0"]
        var made = 0
        var verifiers: [String] = []
        /// A network answers before all of its servers know of a post.
        var hiddenFinds = 0
    }

    let platform: String
    let issuer: String? = "https://fake.example"
    private let state = Mutex(State())
    /// How long a refresh takes, so that others come in between.
    private let slow: Duration

    init(_ platform: String = "fake", slow: Duration = .zero) {
        self.platform = platform
        self.slow = slow
    }

    var calls: [Call] { state.withLock { $0.calls.map(\.call) } }
    var posts: [String] { state.withLock { $0.posts.map(\.reference) } }
    var verifiers: [String] { state.withLock { $0.verifiers } }
    func times(_ call: (Call) -> Bool) -> [ContinuousClock.Instant] {
        state.withLock { $0.calls.filter { call($0.call) }.map(\.at) }
    }
    func plan(_ mischief: Mischief...) { state.withLock { $0.mischief += mischief } }
    func hideNextFinds(_ count: Int) { state.withLock { $0.hiddenFinds = count } }
    func endTokens() { state.withLock { $0.access = [] } }
    func forgetEverybody() { state.withLock { ($0.access, $0.refresh) = ([], []) } }

    private func note(_ call: Call) { state.withLock { $0.calls.append((call, .now)) } }
    private func check(_ token: String) throws {
        guard state.withLock({ $0.access.contains(token) }) else { throw NetworkFailure.unauthorized }
    }

    func authorizationURL(state: String, challenge: String, redirectURI: String) -> String {
        "https://fake.example/authorize?state=\(state)&challenge=\(challenge)&redirect=\(redirectURI)"
    }

    func exchange(code: String, verifier: String, redirectURI: String) async throws -> TokenSet {
        note(.exchange)
        state.withLock { $0.verifiers.append(verifier) }
        guard code == "good" else { throw NetworkFailure.refused(code: "invalid_grant", message: "") }
        return TokenSet(accessToken: "access-0", refreshToken: "refresh-0", expiresAt: Date() + 3600)
    }

    func refresh(_ refreshToken: String) async throws -> TokenSet {
        note(.refresh)
        try await Task.sleep(for: slow)
        return try state.withLock { state in
            guard state.refresh.remove(refreshToken) != nil else {
                throw NetworkFailure.refused(code: "invalid_grant", message: "")
            }
            state.made += 1
            state.access.insert("access-\(state.made)")
            state.refresh.insert("refresh-\(state.made)")
            return TokenSet(
                accessToken: "access-\(state.made)", refreshToken: "refresh-\(state.made)", expiresAt: Date() + 3600)
        }
    }

    func profile(_ accessToken: String) async throws -> NetworkProfile {
        try check(accessToken)
        return NetworkProfile(id: "p1", username: "ada")
    }

    func upload(
        _ media: HTTPBody, length: Int64, contentType: String, _ accessToken: String
    ) async throws -> String {
        let text = String(decoding: try await media.collect(upTo: 1 << 20), as: UTF8.self)
        note(.upload(text))
        try check(accessToken)
        return "media of \(text)"
    }

    func post(_ new: NewPost, _ accessToken: String) async throws -> NetworkPost {
        note(.post(new.reference))
        try check(accessToken)
        let mischief = state.withLock { $0.mischief.isEmpty ? nil : $0.mischief.removeFirst() }
        if case .fails(let failure) = mischief { throw failure }
        if case .losesRequest = mischief { throw NetworkFailure.outcomeUnknown("made up") }
        let made = state.withLock { state -> NetworkPost in
            let post = NetworkPost(id: "post-\(state.posts.count + 1)", url: "https://fake.example/\(new.reference)")
            state.posts.append((new.reference, post))
            return post
        }
        if case .losesAnswer = mischief { throw NetworkFailure.outcomeUnknown("made up") }
        return made
    }

    func find(reference: String, _ accessToken: String) async throws -> NetworkPost? {
        note(.find(reference))
        try check(accessToken)
        return state.withLock { state in
            if state.hiddenFinds > 0 {
                state.hiddenFinds -= 1
                return nil
            }
            return state.posts.first { $0.reference == reference }?.post
        }
    }

    func figures(postID: String, _ accessToken: String) async throws -> PostFigures {
        note(.figures(postID))
        try check(accessToken)
        return PostFigures(views: 7, likes: 1, comments: 0, shares: 0)
    }

    func revoke(_ token: String) async {}
}

/// Assets that are all there, with their id as content.
struct FakeAssets: AssetSource {
    var missing: Set<UUID> = []

    func asset(_ id: UUID, workspaceID: UUID) async throws -> StoredAsset? {
        missing.contains(id) ? nil : StoredAsset(id: id, filename: "film.mp4", kind: "video")
    }

    func open(_ id: UUID, workspaceID: UUID) async throws -> AssetContent? {
        if missing.contains(id) { return nil }
        let data = Data(id.uuidString.utf8)
        return AssetContent(body: .data(data), size: Int64(data.count), contentType: "video/mp4")
    }
}
