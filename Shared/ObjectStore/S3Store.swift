public import FoundationEssentials
public import HTTP
public import NetworkClient
internal import Primitives
internal import Synchronization

/// Objects in an S3-compatible store, addressed by path, over the REST API of Amazon S3 (2006-03-01).
public final class S3Store: ObjectStore {
    let configuration: S3Configuration
    private let client: HTTPClient
    private let retries = 4
    private let outage = Mutex(Outage(tries: 5))
    /// Uploads that are not finished, each with the instant at which it was first seen.
    let unfinished = Mutex<[String: ContinuousClock.Instant]>([:])

    /// - Parameter client: whose connections it uses.
    public init(_ configuration: S3Configuration, client: HTTPClient) {
        self.configuration = configuration
        self.client = client
    }

    public func adopt(_ file: StagedFile, as key: String, contentType: String) async throws {
        let (size, _) = try await file.seal()
        if size <= configuration.partBytes {
            try await put(FileRegion(path: file.path, offset: 0, length: size), as: key, contentType: contentType)
        } else {
            try await upload(file.path, size: size, key: key, contentType: contentType)
        }
        try await file.remove()
    }

    public func info(_ key: String) async throws -> ObjectInfo? {
        do {
            let answer = try await send(.HEAD, key)
            return ObjectInfo(key: key, size: answer.headers["Content-Length"].flatMap { Int64($0) } ?? 0)
        } catch let error as ObjectStoreError where error.code == .notFound { return nil }
    }

    public func read(_ key: String, range: ByteRange?) async throws -> HTTPBody {
        var headers = HTTPHeaders()
        if let range { headers.set("Range", "bytes=\(range.offset)-\(range.offset + range.length - 1)") }
        return try await send(.GET, key, headers: headers, timeout: nil).body
    }

    public func localPath(_ key: String) -> String? { nil }

    public var awaySince: Date? { outage.withLock { $0.since } }

    public func look() async {
        guard outage.withLock({ $0.isSuspected }) else { return }
        _ = try? await send(.HEAD, nil, timeout: .seconds(5), isLook: true)
    }

    public func presignedURL(
        _ key: String, lifetime: Duration, contentType: String, disposition: String?
    ) throws -> String? {
        var query = [("response-content-type", contentType)]
        if let disposition { query.append(("response-content-disposition", disposition)) }
        let base = configuration.publicEndpoint ?? configuration.endpoint
        return try signer().presign(method: .GET, url: url(key, base: base), lifetime: lifetime, query: query)
    }

    public func delete(_ key: String) async throws {
        do { _ = try await send(.DELETE, key) } catch let error as ObjectStoreError where error.code == .notFound {}
    }

    public func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        var found: [ObjectInfo] = []
        var last = after
        while found.count < limit {
            var query = [("list-type", "2"), ("prefix", prefix), ("max-keys", String(min(1000, limit)))]
            if let last { query.append(("start-after", last)) }
            let answer = try await send(.GET, nil, query: query)
            let page = try await xml(answer)
            for entry in page.elements("Contents") {
                guard let key = entry.element("Key"), let size = entry.element("Size").flatMap({ Int64($0) }) else {
                    continue
                }
                last = key
                if ObjectKey.isValid(key) { found.append(ObjectInfo(key: key, size: size)) }
            }
            guard page.element("IsTruncated") == "true" else { break }
        }
        return Array(found.prefix(limit))
    }

    // MARK: Requests

    private func signer(_ hash: String? = nil) -> SigV4 {
        SigV4(
            accessKey: configuration.accessKey, secretKey: configuration.secretKey, region: configuration.region,
            payloadHash: hash)
    }

    private func url(_ key: String?, query: [(String, String)] = [], base: String? = nil) -> String {
        let path = key.map { "/" + PercentEncoding.encode($0, keeping: "/") } ?? ""
        let items = query.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
        let text = items.isEmpty ? "" : "?" + items.joined(separator: "&")
        return "\(base ?? configuration.endpoint)/\(configuration.bucket)\(path)\(text)"
    }

    /// The document that an answer is.
    func xml(_ answer: HTTPClientResponse) async throws -> S3XML {
        do {
            return S3XML(String(decoding: try await answer.data(upTo: 8 << 20), as: UTF8.self))
        } catch let error as HTTPClientError {
            throw ObjectStoreError(.unavailable, "\(error)")
        }
    }

    /// All requests here may be sent again: each has one effect, however often it is done.
    func send(
        _ method: HTTPMethod, _ key: String?, query: [(String, String)] = [], headers: HTTPHeaders = HTTPHeaders(),
        body: HTTPClientRequest.Body = .none, timeout: Duration? = .seconds(60), isLook: Bool = false
    ) async throws -> HTTPClientResponse {
        if let key, !ObjectKey.isValid(key) { throw ObjectStoreError(.invalidKey, key) }
        let retries = isLook ? 1 : retries
        var attempt = 0
        while true {
            if !isLook, awaySince != nil { throw ObjectStoreError(.unavailable, "the store is away") }
            let began = ContinuousClock.now
            do {
                var request = HTTPClientRequest(
                    method, url(key, query: query), headers: headers, body: body, timeout: timeout)
                if case .file = body { request.timeout = nil }
                let hasContent = if case .none = body { false } else { true }
                request.signing = signer(hasContent ? SigV4.unsignedPayload : nil)
                let answer = try await client.execute(request)
                if answer.status.rawValue < 500 { outage.withLock { _ = $0.succeeded() } }
                if answer.status.isSuccess { return answer }
                throw await Self.error(answer)
            } catch let error where note(error, began) && !isLook {
                throw ObjectStoreError(.unavailable, "\(error)")
            } catch let error as HTTPClientError where attempt + 1 >= retries || !error.isRetriable {
                throw ObjectStoreError(.unavailable, "\(error)")
            } catch let error as ObjectStoreError where attempt + 1 >= retries || !error.isRetriable {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                try await Task.sleep(
                    for: Backoff(base: .milliseconds(200), maximum: .seconds(5)).delay(attempt: attempt))
                attempt += 1
            }
        }
    }

    /// Notes a failure; whether the store is away.
    private func note(_ error: any Error, _ began: ContinuousClock.Instant) -> Bool {
        let isFailure =
            (error as? HTTPClientError)?.isRetriable ?? ((error as? ObjectStoreError)?.code == .unavailable)
        guard isFailure else { return false }
        return outage.withLock { outage in
            outage.failed(began: began)
            return outage.since != nil
        }
    }

    private static func error(_ answer: HTTPClientResponse) async -> ObjectStoreError {
        let text = (try? await answer.data(upTo: 64 << 10)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let name = S3XML(text).element("Code") ?? answer.status.description
        return ObjectStoreError(ObjectStoreError.Code(s3: answer.status.rawValue, name), name)
    }
}
