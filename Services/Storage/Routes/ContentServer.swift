import FoundationEssentials
import HTTP
import ObjectStore

/// Answers with stored content: parts, conditions, caching, and what keeps content from being taken for a page of ours.
struct ContentServer: Sendable {
    let objects: any ObjectStore

    /// - Parameter cache: `Cache-Control`; what is stored never changes.
    func answer(
        _ request: HTTPRequest, with object: StoredObject, cache: String = "private, max-age=31536000, immutable"
    ) async throws -> HTTPResponse {
        let tag = object.entityTag
        let kind: ContentDisposition.Kind =
            MediaType.isSafeInline(object.contentType) && request.query["download"] == nil ? .inline : .attachment
        let type = object.contentType.hasPrefix("text/") ? "\(object.contentType); charset=utf-8" : object.contentType
        var headers: HTTPHeaders = [
            "ETag": tag, "Cache-Control": cache, "Accept-Ranges": "bytes", "Content-Type": type,
            "Content-Disposition": ContentDisposition.field(kind, filename: object.filename),
            "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "cross-origin",
        ]
        switch Preconditions.evaluate(request.headers, tag: tag) {
        case .failed: throw Problem(.preconditionFailed, code: "precondition_failed", detail: "The content is another.")
        case .notModified: return HTTPResponse(.notModified, headers: headers)
        case .proceed: break
        }
        let field = Preconditions.rangeCounts(request.headers, tag: tag) ? request.headers["Range"] : nil
        switch ByteRange.parse(field, size: object.size) {
        case .unsatisfiable:
            throw Problem(
                .rangeNotSatisfiable, code: "range_not_satisfiable", detail: "The content has \(object.size) bytes.",
                headers: ["Content-Range": "bytes */\(object.size)"])
        case .part(let range):
            headers.set("Content-Range", range.contentRange(of: object.size))
            return HTTPResponse(.partialContent, headers: headers, body: try await body(request, object, range))
        case .whole:
            let all = ByteRange(offset: 0, length: object.size)
            return HTTPResponse(.ok, headers: headers, body: try await body(request, object, all))
        }
    }

    private func body(
        _ request: HTTPRequest, _ object: StoredObject, _ range: ByteRange
    ) async throws -> HTTPResponse.Body {
        if range.length == 0 { return .empty }
        if let path = objects.localPath(object.key) {
            return .file(FileRegion(path: path, offset: range.offset, length: range.length))
        }
        if request.method == .HEAD { return .stream(length: range.length) { _ in } }
        // Asked for before the answer begins: a store that is away is an error and no answer that breaks off.
        let content = try await objects.read(object.key, range: range)
        return .stream(length: range.length) { writer in
            for try await chunk in content { try await writer.write(chunk) }
        }
    }
}
