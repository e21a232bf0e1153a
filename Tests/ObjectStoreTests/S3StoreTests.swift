import Crypto
import FoundationEssentials
import HTTP
import HTTPServer
import NetworkClient
import ObjectStore
import Primitives
import Synchronization
import Telemetry
import TestKit
import Testing

/// What the store says to an S3 endpoint, recorded by a server of ours.
@Suite(.timeLimit(.minutes(1)))
struct S3StoreTests {
    private final class Seen: Sendable {
        private let lines = Mutex<[String]>([])
        private let failures = Mutex(0)
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        func failNext(_ count: Int) { failures.withLock { $0 = count } }
        func shallFail() -> Bool {
            failures.withLock { count in
                defer { count = max(0, count - 1) }
                return count > 0
            }
        }
    }

    private func withEndpoint(_ body: (S3Store, Seen, StagingArea) async throws -> Void) async throws {
        let seen = Seen()
        var routes = Router()
        let answer: Handler = { request in
            let content = try await request.body.collect(upTo: 32 << 20)
            #expect(request.headers["Authorization"]?.hasPrefix("AWS4-HMAC-SHA256 Credential=key/") == true)
            #expect(request.headers["x-amz-content-sha256"] != nil)
            seen.add("\(request.method) \(request.rawTarget) \(content.count)")
            if seen.shallFail() { return HTTPResponse(.serviceUnavailable) }
            if request.query["uploads"] != nil, request.method == .GET {
                let young = Date().rfc3339
                let uploads = [
                    ("w/old", "a", "2020-01-01T00:00:00.000Z"), ("w/young", "b", young), (".odd", "c", young),
                ]
                let entries = uploads.map {
                    "<Upload><Key>\($0)</Key><UploadId>\($1)</UploadId><Initiated>\($2)</Initiated></Upload>"
                }
                return .text(
                    "<ListMultipartUploadsResult><UploadIdMarker></UploadIdMarker>\(entries.joined())</ListMultipartUploadsResult>"
                )
            }
            if request.query["uploads"] != nil {
                return .text(
                    "<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId></InitiateMultipartUploadResult>")
            }
            if request.query["list-type"] != nil {
                return .text(
                    "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>false</IsTruncated><Contents><Key>w/a</Key><Size>3</Size></Contents><Contents><Key>w/b</Key><Size>4</Size></Contents></ListBucketResult>"
                )
            }
            if request.path.hasSuffix("/missing") {
                return HTTPResponse(.notFound, body: .data(Data("<Error><Code>NoSuchKey</Code></Error>".utf8)))
            }
            return HTTPResponse(.ok, headers: ["ETag": "\"t\""], body: .data(Data("abc".utf8)))
        }
        for method in HTTPMethod.allCases where method != .HEAD { routes.on(method, "/{path...}", answer) }
        let server = HTTPServer(
            router: routes, port: 0, logger: Logger(service: "t", sink: MemoryLogSink()), metrics: MetricsRegistry())
        try server.start()
        var configuration = S3Configuration(
            endpoint: "http://127.0.0.1:\(server.boundPort)", bucket: "bucket", region: "r", accessKey: "key",
            secretKey: "secret")
        configuration.partBytes = 5 << 20
        try await withFolder { folder in
            try await body(S3Store(configuration, client: HTTPClient()), seen, StagingArea(folder: folder))
        }
        await server.stop()
    }

    @Test func smallFilesGoUpAtOnce() async throws {
        try await withEndpoint { store, seen, staging in
            let file = staging.file(UUID())
            try await file.append(Data("abc".utf8), at: 0)
            seen.failNext(2)
            try await store.adopt(file, as: "w/a", contentType: "text/plain")
            #expect(seen.all == Array(repeating: "PUT /bucket/w/a 3", count: 3))
            #expect(try await staging.all().isEmpty)
        }
    }

    @Test func largeFilesGoUpInParts() async throws {
        try await withEndpoint { store, seen, staging in
            let file = staging.file(UUID())
            try await file.append(Data(repeating: 1, count: 11 << 20), at: 0)
            try await store.adopt(file, as: "w/big", contentType: "video/mp4")
            #expect(
                seen.all.dropLast() == [
                    "POST /bucket/w/big?uploads= 0", "PUT /bucket/w/big?partNumber=1&uploadId=u%261 \(5 << 20)",
                    "PUT /bucket/w/big?partNumber=2&uploadId=u%261 \(5 << 20)",
                    "PUT /bucket/w/big?partNumber=3&uploadId=u%261 \(1 << 20)",
                ])
            #expect(seen.all.last?.hasPrefix("POST /bucket/w/big?uploadId=u%261 ") == true)
        }
    }

    @Test func readsListsAndDeletes() async throws {
        try await withEndpoint { store, seen, _ in
            #expect(try await store.info("w/a")?.size == 3)
            #expect(try await store.info("w/missing") == nil)
            #expect(try await collect(store.read("w/a", range: ByteRange(offset: 0, length: 3))) == Data("abc".utf8))
            #expect(try await store.list(prefix: "w/", after: nil, limit: 10).map(\.size) == [3, 4])
            try await store.delete("w/a")
            #expect(seen.all.contains("DELETE /bucket/w/a 0"))
            #expect(seen.all.contains("GET /bucket?list-type=2&max-keys=10&prefix=w%2F 0"))
            let url = try #require(
                try store.presignedURL(
                    "w/a", lifetime: .seconds(60), contentType: "video/mp4", disposition: "inline; filename=\"a b\""))
            #expect(url.contains("response-content-type=video%2Fmp4") && url.contains("X-Amz-Signature="))
        }
    }

    /// What died in the middle of a multipart upload leaves parts, which are old where the store says so, or where they
    /// were seen that long ago.
    @Test func unfinishedUploadsAreEnded() async throws {
        try await withEndpoint { store, seen, _ in
            let old = try await store.sweepUnfinished(olderThan: .seconds(3600)) { _ in [] }
            #expect(old == 1)
            #expect(seen.all == ["GET /bucket?uploads= 0", "DELETE /bucket/w/old?uploadId=a 0"])
            let all = try await store.sweepUnfinished(olderThan: .zero) { Set($0).intersection(["a"]) }
            #expect(all == 1)
            #expect(seen.all.last == "DELETE /bucket/w/young?uploadId=b 0")
        }
    }

    /// Against S3Proxy, which checks signatures (`ATELIER_TEST_TOOLS` names the folder that has it).
    @Test func worksWithARealEndpoint() async throws {
        guard let tools = ProcessInfo.processInfo.environment["ATELIER_TEST_TOOLS"] else {
            print("SKIPPED LOUDLY: S3Store against S3Proxy, since ATELIER_TEST_TOOLS is not set")
            return
        }
        let port = FreePort.next()
        try await withFolder { folder in
            let script = "\(tools)/s3proxy/s3proxy"
            _ = try Command.run(script, ["start", "--dir", "\(folder)/s3", "--port", "\(port)", "--bucket", "atelier"])
            defer { _ = try? Command.run(script, ["kill", "--dir", "\(folder)/s3"]) }
            var configuration = S3Configuration(
                endpoint: "http://127.0.0.1:\(port)", bucket: "atelier", region: "us-east-1", accessKey: "atelier",
                secretKey: "atelier-secret")
            configuration.partBytes = 5 << 20
            let client = HTTPClient()
            let store = S3Store(configuration, client: client)
            let staging = try StagingArea(folder: folder + "/staging")
            for (key, size) in [("w/small", 3), ("w/big", 12 << 20), ("w/empty", 0)] {
                let content = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                let file = staging.file(UUID())
                try await file.append(content, at: 0)
                try await store.adopt(file, as: key, contentType: "video/mp4")
                #expect(try await store.info(key)?.size == Int64(size))
                #expect(try await collect(store.read(key, range: nil)) == content)
            }
            let part = try await collect(store.read("w/big", range: ByteRange(offset: 5 << 20, length: 10)))
            #expect(part == Data((5 << 20..<(5 << 20) + 10).map { UInt8(truncatingIfNeeded: $0 &* 31) }))
            #expect(try await store.list(prefix: "w/", after: "w/big", limit: 10).map(\.key) == ["w/empty", "w/small"])
            let url = try #require(
                try store.presignedURL("w/small", lifetime: .seconds(60), contentType: "text/x", disposition: nil))
            let answer = try await client.execute(HTTPClientRequest(.GET, url))
            #expect(answer.status == .ok)
            #expect(try await answer.data().count == 3)
            try await store.delete("w/small")
            #expect(try await store.info("w/small") == nil)
            configuration.secretKey = "wrong"
            let denied = await #expect(throws: ObjectStoreError.self) {
                try await S3Store(configuration, client: client).read("w/big", range: nil)
            }
            #expect(denied?.code == .denied)
        }
    }
}
