/// Which other sites' pages may call the API from a browser (CORS, GW-006).
struct CrossOrigin: Sendable {
    private let origins: Set<[UInt8]>
    private let allowsAll: Bool
    /// What a page may do and send, as fields of the answer to a preflight.
    static let preflight: StaticString = """
        Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n\
        Access-Control-Allow-Headers: authorization, content-type, idempotency-key, x-csrf-token, x-request-id, \
        traceparent, tracestate, if-match, if-none-match, range, last-event-id, tus-resumable, upload-length, \
        upload-offset, upload-metadata, upload-defer-length, upload-concat, upload-checksum\r\n\
        Access-Control-Max-Age: 600\r\n
        """
    /// What a page may read of an answer.
    static let exposed: StaticString = """
        Access-Control-Expose-Headers: location, etag, x-request-id, retry-after, content-range, accept-ranges, \
        ratelimit-limit, ratelimit-remaining, ratelimit-reset, tus-resumable, tus-version, tus-extension, \
        tus-max-size, tus-checksum-algorithm, upload-offset, upload-length, upload-expires, upload-asset-id\r\n
        """

    /// - Parameter list: origins such as `https://studio.example.com`, separated by commas; `*` for all.
    init(_ list: String) {
        let items = list.split(separator: ",").map { $0.split(separator: " ").joined() }.filter { !$0.isEmpty }
        allowsAll = items.contains("*")
        origins = Set(items.map { Array($0.utf8) })
    }

    /// Whether pages of an origin are let in. With `*`, without cookies.
    func allows(_ origin: UnsafeRawBufferPointer) -> Bool {
        allowsAll || (!origins.isEmpty && origins.contains([UInt8](origin)))
    }

    /// Whether an origin is named itself, so that its pages may use cookies.
    func names(_ origin: UnsafeRawBufferPointer) -> Bool {
        !origins.isEmpty && origins.contains([UInt8](origin))
    }
}
