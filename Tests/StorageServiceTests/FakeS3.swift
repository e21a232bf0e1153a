import Crypto
import FoundationEssentials
import HTTP
import HTTPServer
import Primitives
import Synchronization
import Telemetry
import TestKit

/// An S3 store in memory with what the service asks of one; it looks at no signature.
final class FakeS3: Sendable {
    private struct State {
        var objects: [String: Data] = [:]
        var uploads: [String: (key: String, parts: [Int: Data])] = [:]
        var count = 0
        var failures = 0
    }

    private let state = Mutex(State())

    var objects: [String: Data] { state.withLock { $0.objects } }
    /// Of each upload that is not finished, the sizes of its parts in their order.
    var unfinished: [[Int]] {
        state.withLock { state in
            state.uploads.values.map { upload in upload.parts.sorted { $0.key < $1.key }.map(\.value.count) }
        }
    }

    /// Answers 503 that often.
    func failNext(_ count: Int) { state.withLock { $0.failures = count } }

    /// Runs it for the time of `body`, which is given its address.
    func serve(_ body: (String) async throws -> Void) async throws {
        var routes = Router()
        for method in HTTPMethod.allCases where method != .HEAD {
            routes.on(method, "/{path...}") { request in
                let content = try await request.body.collect(upTo: 64 << 20)
                return self.answer(request, content)
            }
        }
        let server = HTTPServer(
            router: routes, port: 0, logger: Logger(service: "s3", sink: MemoryLogSink()), metrics: MetricsRegistry())
        try server.start()
        let address = "http://127.0.0.1:\(server.boundPort)"
        try await withRunning([server]) { try await body(address) }
    }

    private func answer(_ request: HTTPRequest, _ content: Data) -> HTTPResponse {
        let key = request.path.split(separator: "/").dropFirst().joined(separator: "/")
        return state.withLock { state in
            if state.failures > 0 {
                state.failures -= 1
                return HTTPResponse(.serviceUnavailable)
            }
            if request.query["uploads"] != nil || request.query["uploadId"] != nil {
                return Self.parts(request, key, content, &state)
            }
            switch request.method {
            case .PUT:
                state.objects[key] = content
                return HTTPResponse(.ok, headers: ["ETag": Self.tag(content)])
            case .DELETE:
                state.objects[key] = nil
                return .noContent
            default: break
            }
            if request.query["list-type"] != nil {
                let after = request.query["start-after"] ?? ""
                let found = state.objects.sorted { $0.key < $1.key }.filter { $0.key > after }.map {
                    "<Contents><Key>\($0.key)</Key><Size>\($0.value.count)</Size></Contents>"
                }
                return .text("<ListBucketResult>\(found.joined())</ListBucketResult>")
            }
            guard let object = state.objects[key] else { return Self.missing("NoSuchKey") }
            guard case .part(let range) = ByteRange.parse(request.headers["Range"], size: Int64(object.count)) else {
                return HTTPResponse(.ok, body: .data(object))
            }
            let part = Data(object[Int(range.offset)..<Int(range.offset + range.length)])
            return HTTPResponse(.partialContent, body: .data(part))
        }
    }

    private static func parts(
        _ request: HTTPRequest, _ key: String, _ content: Data, _ state: inout State
    ) -> HTTPResponse {
        guard let id = request.query["uploadId"] else {
            if request.method == .GET {
                let found = state.uploads.map {
                    "<Upload><Key>\($0.value.key)</Key><UploadId>\($0.key)</UploadId></Upload>"
                }
                return .text("<ListMultipartUploadsResult>\(found.joined())</ListMultipartUploadsResult>")
            }
            state.count += 1
            state.uploads["u\(state.count)"] = (key, [:])
            return .text(
                "<InitiateMultipartUploadResult><UploadId>u\(state.count)</UploadId></InitiateMultipartUploadResult>")
        }
        guard let upload = state.uploads[id], upload.key == key else { return missing("NoSuchUpload") }
        switch request.method {
        case .PUT:
            guard let number = request.query["partNumber"].flatMap({ Int($0) }) else {
                return HTTPResponse(.badRequest)
            }
            state.uploads[id]?.parts[number] = content
            return HTTPResponse(.ok, headers: ["ETag": tag(content)])
        case .DELETE:
            state.uploads[id] = nil
            return .noContent
        default: break
        }
        let named = String(decoding: content, as: UTF8.self).split(separator: "<PartNumber>").dropFirst()
        let numbers = named.compactMap { Int($0.prefix { $0.isNumber }) }
        var whole = Data()
        for (index, number) in numbers.enumerated() {
            guard let part = upload.parts[number], named[named.startIndex + index].contains(escaped(tag(part))) else {
                return fault("InvalidPart")
            }
            if index + 1 < numbers.count, part.count < 5 << 20 { return fault("EntityTooSmall") }
            whole.append(part)
        }
        guard !numbers.isEmpty, numbers == numbers.sorted() else { return fault("InvalidPartOrder") }
        state.objects[key] = whole
        state.uploads[id] = nil
        return .text("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")
    }

    private static func tag(_ content: Data) -> String { "\"\(SHA256.hash(content).hex.prefix(32))\"" }
    private static func escaped(_ text: String) -> String { "&quot;\(text.dropFirst().dropLast())&quot;" }
    private static func missing(_ code: String) -> HTTPResponse {
        HTTPResponse(.notFound, body: .data(Data("<Error><Code>\(code)</Code></Error>".utf8)))
    }
    private static func fault(_ code: String) -> HTTPResponse {
        HTTPResponse(.badRequest, body: .data(Data("<Error><Code>\(code)</Code></Error>".utf8)))
    }
}
