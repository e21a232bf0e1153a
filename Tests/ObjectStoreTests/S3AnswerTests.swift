import FoundationEssentials
import HTTP
import HTTPServer
import NetworkClient
import ObjectStore
import Synchronization
import Telemetry
import TestKit
import Testing

/// What the store makes of the answers of an S3 endpoint.
@Suite(.timeLimit(.minutes(1)))
struct S3AnswerTests {
    /// An endpoint, which is to be stopped, and a store that asks it.
    private func serve(_ routes: Router) throws -> (server: HTTPServer, store: S3Store) {
        let server = HTTPServer(
            router: routes, port: 0, logger: Logger(service: "t", sink: MemoryLogSink()), metrics: MetricsRegistry())
        try server.start()
        let store = S3Store(
            S3Configuration(
                endpoint: "http://127.0.0.1:\(server.boundPort)", bucket: "bucket", region: "r", accessKey: "key",
                secretKey: "secret"),
            client: HTTPClient())
        return (server, store)
    }

    /// Asks an endpoint that gives one answer to everything; returns what was thrown, and how often it was asked.
    private func ask<T>(
        _ status: Int, _ name: String?, _ body: (S3Store) async throws -> T
    ) async throws -> (result: Result<T, any Error>, requests: Int) {
        let requests = Mutex(0)
        var routes = Router()
        for method in HTTPMethod.allCases where method != .HEAD {
            routes.on(method, "/{path...}") { _ in
                requests.withLock { $0 += 1 }
                let document = name.map { "<?xml version=\"1.0\"?><Error><Code>\($0)</Code></Error>" } ?? ""
                return HTTPResponse(HTTPStatus(status), body: .data(Data(document.utf8)))
            }
        }
        let (server, store) = try serve(routes)
        let result: Result<T, any Error>
        do { result = .success(try await body(store)) } catch { result = .failure(error) }
        await server.stop()
        return (result, requests.withLock { $0 })
    }

    @Test func aStoreThatIsAwayIsNotAskedUntilItIsBack() async throws {
        let status = Mutex(503)
        let requests = Mutex(0)
        var routes = Router()
        for method in [HTTPMethod.GET, .HEAD] {
            routes.on(method, "/{path...}") { _ in
                requests.withLock { $0 += 1 }
                return HTTPResponse(HTTPStatus(status.withLock { $0 }))
            }
        }
        let (server, store) = try serve(routes)
        // While nothing failed, a look costs nothing.
        await store.look()
        #expect(requests.withLock { $0 } == 0)
        await #expect(throws: ObjectStoreError.self) { try await store.read("w/a", range: nil) }
        try await eventually {
            await store.look()
            return store.awaySince != nil
        }
        let asked = requests.withLock { $0 }
        let error = await #expect(throws: ObjectStoreError.self) { try await store.read("w/a", range: nil) }
        #expect(error?.code == .unavailable)
        #expect(requests.withLock { $0 } == asked)
        status.withLock { $0 = 200 }
        await store.look()
        #expect(store.awaySince == nil)
        _ = try await store.read("w/a", range: nil)
        await server.stop()
    }

    static let answers: [(Int, String?, ObjectStoreError.Code)] = [
        (400, "InvalidArgument", .refused), (400, "KeyTooLongError", .invalidKey), (400, "ExpiredToken", .denied),
        (400, "AuthorizationHeaderMalformed", .misconfigured), (301, "PermanentRedirect", .misconfigured),
        (401, nil, .denied), (403, "AccessDenied", .denied), (403, "QuotaExceeded", .noSpace),
        (404, "NoSuchKey", .notFound), (404, nil, .notFound), (404, "NoSuchBucket", .misconfigured),
        (405, "MethodNotAllowed", .refused), (409, "InvalidBucketState", .conflict),
        (412, "PreconditionFailed", .conflict), (413, "EntityTooLarge", .refused), (416, "InvalidRange", .refused),
        (501, "NotImplemented", .refused), (507, nil, .noSpace),
    ]

    @Test(arguments: answers.indices)
    func whatWillNotPassIsSaidAtOnce(index: Int) async throws {
        let (status, name, code) = Self.answers[index]
        let (result, requests) = try await ask(status, name) { try await $0.read("w/a", range: nil) }
        let error = #expect(throws: ObjectStoreError.self) { try result.get() }
        #expect(error?.code == code, "\(status) \(name ?? "")")
        #expect(error?.isRetriable == false)
        #expect(requests == 1)
        if let name { #expect(error?.detail == name) }
    }

    @Test(arguments: [
        (400, "RequestTimeout"), (408, nil), (409, "OperationAborted"), (429, nil), (500, "InternalError"),
        (502, nil), (503, "SlowDown"),
    ])
    func whatMayPassIsAskedAgain(status: Int, name: String?) async throws {
        let (result, requests) = try await ask(status, name) { try await $0.read("w/a", range: nil) }
        let error = #expect(throws: ObjectStoreError.self) { try result.get() }
        #expect(error?.code == .unavailable)
        #expect(requests == 4)
    }

    @Test func aMissingBucketIsNoMissingObject() async throws {
        let (gone, _) = try await ask(404, "NoSuchKey") { try await $0.delete("w/a") }
        #expect(throws: Never.self) { try gone.get() }
        let (result, _) = try await ask(404, "NoSuchBucket") { try await $0.delete("w/a") }
        let error = #expect(throws: ObjectStoreError.self) { try result.get() }
        #expect(error?.code == .misconfigured)
    }
}
