import Crypto
import FoundationEssentials
import Glibc
import HTTP
import Primitives
import Synchronization

/// A small social network with the habits of the real ones: OAuth2 with PKCE, tokens that end, an upload before the
/// post, posts that can be asked for by the reference that the client gave, and views that are counted.
final class SocialNetwork: Sendable {
    struct Post: Codable, Sendable {
        let id: String
        let account: String
        let caption: String
        let mediaId: String
        let contentType: String
        let bytes: Int64
        let clientReference: String?
        let at: Date
        var views: Int
    }

    private struct Grant: Sendable {
        let clientID: String
        let redirect: String
        let challenge: String
        let account: String
        let until: Date
    }

    private struct Session: Sendable {
        let account: String
        let until: Date
    }

    private struct State: Sendable {
        var grants: [String: Grant] = [:]
        var access: [String: Session] = [:]
        var refresh: [String: String] = [:]
        var media: [String: (account: String, type: String, bytes: Int64)] = [:]
        var posts: [Post] = []
        var accounts = 0
    }

    private let folder: String
    let publicURL: String
    private let history: History
    private let faults: FaultPlan
    private let state = Mutex(State())
    private static let tokenLife = 3600.0

    init(folder: String, publicURL: String, history: History, faults: FaultPlan) throws {
        self.folder = folder
        self.publicURL = publicURL
        self.history = history
        self.faults = faults
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    var posts: [Post] { state.withLock { $0.posts.reversed() } }

    func add(to routes: inout Router) {
        routes.get("/oauth/authorize", authorize)
        routes.post("/oauth/token", token)
        routes.post("/oauth/revoke") { _ in .noContent }
        routes.get("/api/me") { request in
            let account = try self.account(request)
            return try .json(.ok, ["id": account, "username": account])
        }
        routes.post("/api/media", upload)
        routes.post("/api/posts", post)
        routes.get("/api/posts", find)
        routes.get("/api/posts/{id}") { request in
            _ = try self.account(request)
            return try .json(.ok, self.view(try self.found(request)))
        }
        routes.get("/posts/{id}", page)
        routes.get("/media/{id}", media)
    }

    // MARK: OAuth2

    private func authorize(_ request: HTTPRequest) throws -> HTTPResponse {
        guard let redirect = request.query["redirect_uri"], URL(string: redirect)?.host != nil else {
            throw Problem.invalid(field: "redirect_uri", reason: "is required")
        }
        guard let client = request.query["client_id"], let challenge = request.query["code_challenge"],
            request.query["code_challenge_method"] == "S256", challenge.utf8.count == 43,
            request.query["response_type"] == "code"
        else { throw Problem(.badRequest, code: "invalid_request", detail: "PKCE with S256 is needed.") }
        guard request.query["approve"] == "true" else {
            return HTMLPage.response(
                "Connect?",
                """
                <p>The application <b>\(HTMLPage.escape(client))</b> asks to post for you.</p>
                <p><a class="button" href="\(HTMLPage.escape(request.rawTarget))&amp;approve=true">Allow</a></p>
                """)
        }
        let code = SecureRandom.token()
        state.withLock { state in
            state.accounts += 1
            state.grants[code] = Grant(
                clientID: client, redirect: redirect, challenge: challenge, account: "creator-\(state.accounts)",
                until: Date() + 60)
        }
        history.add("network", "authorize", ["client": client])
        var location = redirect + (redirect.contains("?") ? "&" : "?") + "code=\(code)"
        if let given = request.query["state"] { location += "&state=\(PercentEncoding.encode(given))" }
        location += "&iss=\(PercentEncoding.encode(publicURL))"
        return HTTPResponse(.found, headers: ["Location": location])
    }

    private func token(_ request: HTTPRequest) async throws -> HTTPResponse {
        let form = QueryItems(String(decoding: try await request.body.collect(upTo: 65_536), as: UTF8.self)[...])
        if faults.take("token") != nil {
            history.add("network", "token", outcome: "unavailable")
            throw Problem.unavailable()
        }
        let account: String? = state.withLock { state in
            switch form["grant_type"] {
            case "authorization_code":
                // A code is good for one try, whether it succeeds or not.
                guard let grant = form["code"].flatMap({ state.grants.removeValue(forKey: $0) }), grant.until > Date(),
                    grant.redirect == form["redirect_uri"], grant.clientID == form["client_id"],
                    SHA256.hash(Data((form["code_verifier"] ?? "").utf8)).base64URL == grant.challenge
                else { return nil }
                return grant.account
            case "refresh_token":
                return form["refresh_token"].flatMap { state.refresh.removeValue(forKey: $0) }
            default: return nil
            }
        }
        guard let account else {
            history.add("network", "token", outcome: "invalid_grant")
            return try .json(.badRequest, ["error": "invalid_grant"])
        }
        let access = SecureRandom.token()
        let refresh = SecureRandom.token()
        state.withLock { state in
            state.access[access] = Session(account: account, until: Date() + Self.tokenLife)
            state.refresh[refresh] = account
        }
        history.add("network", "token", ["account": account, "grant": form["grant_type"] ?? ""])
        return try .json(
            .ok,
            [
                "access_token": .string(access), "refresh_token": .string(refresh), "token_type": "Bearer",
                "expires_in": .int(Int64(Self.tokenLife)), "scope": "post read",
            ] as JSONValue)
    }

    private func account(_ request: HTTPRequest) throws -> String {
        let token = request.headers["Authorization"].map { $0.split(separator: " ").last.map(String.init) ?? "" }
        guard let token, let session = state.withLock({ $0.access[token] }), session.until > Date() else {
            throw Problem(.unauthorized, code: "invalid_token", detail: "The access token is not valid or has expired.")
        }
        return session.account
    }

    // MARK: Posting

    private func upload(_ request: HTTPRequest) async throws -> HTTPResponse {
        let account = try account(request)
        let fault = faults.take("upload")
        try answer(fault, action: "upload", account: account, key: nil)
        let id = UUID.v7().text
        let path = "\(folder)/\(id)"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard file >= 0 else { throw Problem(.insufficientStorage, code: "storage", detail: "No room.") }
        defer { close(file) }
        var bytes: Int64 = 0
        for try await chunk in request.body {
            guard chunk.withUnsafeBytes({ write(file, $0.baseAddress, $0.count) }) == chunk.count else {
                throw Problem(.insufficientStorage, code: "storage", detail: "No room.")
            }
            bytes += Int64(chunk.count)
            if fault?.kind == .halfUpload, bytes > (request.body.length ?? 0) / 2 {
                unlink(path)
                history.add("network", "upload", outcome: "half_upload", ["account": account])
                throw Problem(.badGateway, code: "upload_aborted", detail: "The upload broke off; begin it again.")
            }
        }
        state.withLock { $0.media[id] = (account, request.contentType ?? "video/mp4", bytes) }
        history.add("network", "upload", ["account": account, "media": id, "bytes": String(bytes)])
        return try .json(.created, ["media_id": id])
    }

    private struct NewPost: Decodable {
        let mediaId: String
        let caption: String?
        let clientReference: String?
    }

    private func post(_ request: HTTPRequest) async throws -> HTTPResponse {
        let account = try account(request)
        let new = try await request.decode(NewPost.self)
        let fault = faults.take("post")
        try answer(fault, action: "post", account: account, key: new.clientReference)
        let post: Post? = state.withLock { state in
            guard let media = state.media[new.mediaId], media.account == account else { return nil }
            // It does not look for doubles: a client that posts twice has two posts, as on the real networks.
            let post = Post(
                id: UUID.v7().text, account: account, caption: new.caption ?? "", mediaId: new.mediaId,
                contentType: media.type, bytes: media.bytes, clientReference: new.clientReference, at: Date(), views: 0)
            state.posts.append(post)
            return post
        }
        guard let post else { throw Problem.notFound("media") }
        let outcome = fault?.kind == .timeoutAfterSuccess ? "timeout_after_success" : "ok"
        history.add(
            "network", "post", key: new.clientReference, outcome: outcome, ["account": account, "post": post.id])
        if fault?.kind == .timeoutAfterSuccess {
            try await Task.sleep(for: .seconds(fault?.retryAfterSeconds ?? 120))
        }
        return try .json(.created, view(post))
    }

    private func find(_ request: HTTPRequest) throws -> HTTPResponse {
        let account = try account(request)
        let reference = request.query["client_reference"]
        history.add("network", "find", key: reference, ["account": account])
        let found = posts.filter { $0.account == account && (reference == nil || $0.clientReference == reference) }
        return try .json(.ok, ["items": JSONValue.array(found.map(view))] as JSONValue)
    }

    /// Fails as the plan says, before anything is done.
    private func answer(_ fault: FaultPlan.Fault?, action: String, account: String, key: String?) throws {
        guard let fault else { return }
        switch fault.kind {
        case .rateLimited:
            history.add("network", action, key: key, outcome: "rate_limited", ["account": account])
            throw Problem.tooManyRequests(retryAfter: fault.retryAfterSeconds ?? 2)
        case .expiredToken:
            history.add("network", action, key: key, outcome: "expired_token", ["account": account])
            throw Problem(.unauthorized, code: "token_expired", detail: "The access token has expired.")
        case .unavailable:
            history.add("network", action, key: key, outcome: "unavailable", ["account": account])
            throw Problem.unavailable()
        case .refused:
            history.add("network", action, key: key, outcome: "refused", ["account": account])
            throw Problem(.badRequest, code: "content_refused", detail: "The network does not take this.")
        case .halfUpload, .timeoutAfterSuccess, .nonsense: break
        }
    }

    private func view(_ post: Post) -> JSONValue {
        [
            "id": .string(post.id), "url": .string("\(publicURL)/posts/\(post.id)"), "views": .int(Int64(post.views)),
            "likes": 0, "comments": 0, "shares": 0, "caption": .string(post.caption),
            "clientReference": post.clientReference.map { .string($0) } ?? .null,
        ]
    }

    private func found(_ request: HTTPRequest) throws -> Post {
        let id = try request.parameter("id")
        guard let post = state.withLock({ $0.posts.first { $0.id == id } }) else { throw Problem.notFound("post") }
        return post
    }

    // MARK: What people see

    private func page(_ request: HTTPRequest) throws -> HTTPResponse {
        let post = try found(request)
        state.withLock { state in
            if let index = state.posts.firstIndex(where: { $0.id == post.id }) { state.posts[index].views += 1 }
        }
        return HTMLPage.response(
            post.caption.isEmpty ? "A post" : post.caption,
            """
            <video controls playsinline src="/media/\(post.mediaId)#t=0.5"></video>
            <p class="small">\(HTMLPage.escape(post.account)) · \(post.at.rfc3339) · \(post.views + 1) views</p>
            <p><a href="/">All posts</a></p>
            """)
    }

    private func media(_ request: HTTPRequest) throws -> HTTPResponse {
        let id = try request.uuid("id").text
        guard let media = state.withLock({ $0.media[id] }) else { throw Problem.notFound("media") }
        var headers: HTTPHeaders = ["Content-Type": media.type, "Accept-Ranges": "bytes"]
        // One range is enough for a player that seeks.
        if let range = request.headers["Range"], range.hasPrefix("bytes="),
            case let parts = range.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false),
            parts.count == 2, let from = Int64(parts[0]), from < media.bytes
        {
            let to = min(Int64(parts[1]) ?? media.bytes - 1, media.bytes - 1)
            headers.set("Content-Range", "bytes \(from)-\(to)/\(media.bytes)")
            return HTTPResponse(
                .partialContent, headers: headers,
                body: .file(FileRegion(path: "\(folder)/\(id)", offset: from, length: to - from + 1)))
        }
        return HTTPResponse(
            .ok, headers: headers, body: .file(FileRegion(path: "\(folder)/\(id)", offset: 0, length: media.bytes)))
    }
}
