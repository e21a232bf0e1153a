public import Auth
public import FoundationEssentials
internal import HTTP
internal import Jobs
public import NetworkClient
internal import Primitives

/// Storage's internal API, for services that read assets and make some.
///
/// Faults are `JobFailure`: `asset_not_found`, `storage_refused` and what is said of the workspace's quota are for good;
/// `storage_unavailable` passes.
public struct AssetClient: Sendable {
    private let http: HTTPClient
    private let baseURL: String
    private let tokens: ServiceTokens
    private let timeout: Duration

    /// - Parameters:
    ///   - baseURL: where storage is, as in `http://127.0.0.1:8089`.
    ///   - timeout: how long storage may take to answer. Content has no limit of time, as long as bytes come.
    public init(http: HTTPClient, baseURL: String, tokens: ServiceTokens, timeout: Duration = .seconds(30)) {
        self.http = http
        self.baseURL = baseURL
        self.tokens = tokens
        self.timeout = timeout
    }

    /// The asset; `nil` where there is none in this workspace.
    public func asset(_ id: UUID, workspaceID: UUID) async throws -> StoredAsset? {
        let request = HTTPClientRequest(
            .GET, "\(baseURL)/internal/v1/assets/\(id.text)?workspaceId=\(workspaceID.text)", headers: headers,
            timeout: timeout)
        return try await unlessMissing { try await send(request) }
    }

    /// Writes what a probe found.
    public func describe(_ id: UUID, _ facts: AssetFacts) async throws {
        let _: JSONValue = try await send(try json(.PATCH, "/internal/v1/assets/\(id.text)", facts))
    }

    /// Makes an asset of a file.
    /// - Returns: false where another try of the same work was faster and made something else: that one stays.
    @discardableResult
    public func create(_ asset: NewAsset, from path: String) async throws -> Bool {
        try await create(asset, at: "/internal/v1/assets", of: try file(path), asset.contentType)
    }

    /// Makes an asset of bytes.
    /// - Returns: false where another try of the same work was faster and made something else: that one stays.
    @discardableResult
    public func create(_ asset: NewAsset, of data: Data) async throws -> Bool {
        try await create(asset, at: "/internal/v1/assets", of: .data(data), asset.contentType)
    }

    /// Makes a rendition of a file.
    public func create(_ rendition: NewRendition, of id: UUID, from path: String) async throws {
        _ = try await create(
            rendition, at: "/internal/v1/assets/\(id.text)/renditions", of: try file(path), rendition.contentType)
    }

    private func file(_ path: String) throws -> HTTPClientRequest.Body {
        .file(FileRegion(path: path, offset: 0, length: try LocalFile.size(path)))
    }

    private struct Place: Decodable, Sendable {
        /// Absent where the same bytes are there already.
        let uploadUrl: String?
    }

    /// Says what comes, and puts it where storage wants it.
    private func create(
        _ value: some Encodable & Sendable, at path: String, of content: HTTPClientRequest.Body, _ contentType: String
    ) async throws -> Bool {
        let place: Place = try await send(try json(.POST, path, value))
        guard let url = place.uploadUrl else { return true }
        return try await translating {
            let response = try await http.execute(
                HTTPClientRequest(
                    .PUT, absolute(url), headers: ["Content-Type": contentType], body: content, timeout: nil))
            // An earlier try of the same job put other bytes of the same thing there: encoders differ, what was seen stays.
            let isTaken = response.status == .conflict
            if !isTaken { try await refuse(response) }
            _ = try? await response.data(upTo: Self.answerLimit)
            return !isTaken
        }
    }

    // MARK: Requests

    /// The largest document that storage answers with: metadata name every shot of a film.
    private static let answerLimit = 8 << 20

    private var headers: HTTPHeaders { ["Authorization": tokens.authorization(for: "storage")] }

    func json(_ method: HTTPMethod, _ path: String, _ value: some Encodable) throws -> HTTPClientRequest {
        try .json(method, baseURL + path, value, headers: headers, timeout: timeout)
    }

    func send<T: Decodable & Sendable>(_ request: HTTPClientRequest) async throws -> T {
        try await translating {
            let response = try await http.execute(request)
            try await refuse(response)
            let data = try await response.data(upTo: Self.answerLimit)
            return try JSON.decode(T.self, from: data.isEmpty ? Data("null".utf8) : data)
        }
    }

    /// Begins to read what a link leads to; it carries its own permission.
    func get(_ url: String) async throws -> HTTPBody {
        let response = try await http.execute(HTTPClientRequest(.GET, absolute(url), timeout: nil))
        try await refuse(response)
        return response.body
    }

    /// A path alone means storage itself.
    private func absolute(_ url: String) -> String { url.hasPrefix("/") ? baseURL + url : url }

    // MARK: Faults

    func unlessMissing<T>(_ body: () async throws -> T) async throws -> T? {
        do { return try await body() } catch let failure as JobFailure where failure.code == Self.missing.code {
            return nil
        }
    }

    private static let missing = JobFailure("asset_not_found", "There is no such asset.", retriable: false)

    private func refuse(_ response: HTTPClientResponse) async throws {
        let status = response.status.rawValue
        if (200..<300).contains(status) { return }
        struct Answer: Decodable { let code: String? }
        let data = (try? await response.data(upTo: 64 << 10)) ?? Data()
        let code = (try? JSON.decode(Answer.self, from: data))?.code
        if status == 404 { throw Self.missing }
        if status == 413 || code == "quota_exceeded" {
            throw JobFailure(code ?? "quota_exceeded", "There is no room for what was made.", retriable: false)
        }
        let passes = status >= 500 || [408, 409, 429].contains(status)
        throw JobFailure(
            passes ? "storage_unavailable" : "storage_refused", "Storage answered \(status).", retriable: passes)
    }

    func translating<T>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as HTTPClientError {
            throw JobFailure("storage_unavailable", "Storage cannot be reached (\(error.code)).", retriable: true)
        } catch let error where error is DecodingError || error is Problem {
            throw JobFailure("storage_unavailable", "Storage gave an answer that makes no sense.", retriable: true)
        }
    }
}
