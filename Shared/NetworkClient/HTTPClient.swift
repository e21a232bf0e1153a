internal import CCurl
internal import FoundationEssentials
internal import Glibc
internal import HTTP
internal import Primitives
internal import Telemetry

/// Requests to other processes: curl on a thread of its own, with connections that are kept and used again.
///
/// Content streams both ways with back pressure. The trace at hand goes along as `traceparent`. Proxies of the
/// environment are not used.
public final class HTTPClient: Sendable {
    /// The process, as its spans name it.
    public let name: String
    private let loop: CurlLoop

    /// - Parameters:
    ///   - name: of the process, for spans.
    ///   - keptConnections: idle connections that are kept at most.
    public init(name: String = "client", keptConnections: Int = 128) {
        self.name = name
        loop = CurlLoop(keptConnections: keptConnections)
        loop.start()
    }

    deinit { loop.close() }

    /// Sends a request and waits for the head of the answer.
    /// - Throws: ``HTTPClientError``, `CancellationError`, or what the request's content throws.
    public func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        guard Trace.current != nil else { return try await perform(request) }
        return try await withSpan(
            "\(request.method.rawValue) \(Self.host(of: request.url))", service: name,
            attributes: ["http.request.method": request.method.rawValue]
        ) { _ in try await perform(request) }
    }

    private static func host(of url: String) -> Substring {
        url.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2).first ?? ""
    }

    private func perform(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let upload = try Self.open(request.body)
        var url = request.url
        var headers = request.headers
        if let trace = Trace.current {
            if !headers.contains("traceparent") { headers.set("traceparent", trace.traceparent) }
            if let id = trace.requestID, !headers.contains("X-Request-Id") { headers.set("X-Request-Id", id) }
        }
        if let signing = request.signing {
            url = try SigV4.canonicalURL(url)
            let signable = request.headers
            for field in try signing.headers(method: request.method, url: url, headers: signable) {
                headers.set(field.name, field.value)
            }
        }
        for field in headers where !Self.isClean(field) {
            throw HTTPClientError(.invalidRequest, detail: "a header field is not clean", outcomeUnknown: false)
        }
        let options = CurlOptions(request: request, url: url, headers: headers, upload: upload)
        let transfer = Transfer(
            loop: loop, upload: upload, followsRedirects: request.followRedirects, configure: { options.apply(to: $0) })
        var pump: Task<Void, Never>?
        if case .stream(let source, _) = request.body { pump = Task { await transfer.pump(source) } }
        do {
            let (status, headers) = try await transfer.run()
            let length = request.method == .HEAD ? 0 : headers["Content-Length"].flatMap { Int64($0) }
            return HTTPClientResponse(
                status: status, headers: headers, body: HTTPBody(TransferBody(transfer), length: length))
        } catch {
            pump?.cancel()
            throw error
        }
    }

    /// Runs a transfer that has no head, such as a mail.
    func run(upload: Data, configure: @escaping @Sendable (EasyHandle) -> Void) async throws {
        let transfer = Transfer(
            loop: loop, upload: .data(upload), hasHead: false, followsRedirects: false, configure: configure)
        _ = try await transfer.run()
    }

    private static func open(_ body: HTTPClientRequest.Body) throws -> Transfer.Upload {
        switch body {
        case .none: return .none
        case .data(let data): return .data(data)
        case .stream(_, let length): return .stream(length: length)
        case .file(let region):
            let descriptor = Glibc.open(region.path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw HTTPClientError(.invalidRequest, detail: "the file cannot be read", outcomeUnknown: false)
            }
            return .file(descriptor: descriptor, offset: region.offset, length: region.length)
        }
    }

    private static func isClean(_ field: HTTPHeaders.Field) -> Bool {
        !field.name.isEmpty && !field.name.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: ":") || $0 >= 0x7F }
            && !field.value.utf8.contains { $0 == 0 || $0 == 0x0A || $0 == 0x0D }
    }
}
