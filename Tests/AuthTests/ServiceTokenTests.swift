import Auth
import FoundationEssentials
import HTTP
import Testing

@Suite struct ServiceTokenTests {
    private let media = ServiceTokens(secret: "a secret of the fleet", service: "media-worker")
    private let storage = ServiceTokens(secret: "a secret of the fleet", service: "storage")

    @Test func provesTheCallerToItsAudienceOnly() {
        let value = media.authorization(for: "storage")
        #expect(storage.caller(value) == "media-worker")
        #expect(media.caller(value) == nil)
        #expect(ServiceTokens(secret: "another secret", service: "storage").caller(value) == nil)
    }

    @Test func refusesWhatWasChanged() {
        let value = media.authorization(for: "storage")
        for forged in [
            value.replacing("media-worker", with: "gateway"), value + "A", String(value.dropLast()),
            value.replacing("Atelier-Service ", with: "Bearer "), value + " ", "Atelier-Service", "",
            "Atelier-Service a.b.c", "Atelier-Service media-worker.99999999999.AAAA",
        ] {
            #expect(storage.caller(forged) == nil, "\(forged)")
        }
    }

    @Test func guardsRoutes() async {
        var router = Router()
        router.group(storage.middleware) { $0.get("/internal/v1/x") { _ in HTTPResponse(.ok) } }
        func status(_ value: String?) async -> HTTPStatus {
            var headers = HTTPHeaders()
            headers["Authorization"] = value
            return await router.respond(to: HTTPRequest(method: .GET, target: "/internal/v1/x", headers: headers))
                .status
        }
        #expect(await status(media.authorization(for: "storage")) == .ok)
        #expect(await status(media.authorization(for: "user")) == .unauthorized)
        #expect(await status(nil) == .unauthorized)
    }

    @Test func tellsTheLogWhetherTokensWereMissingOrDidNotHold() async throws {
        let guarded = storage.middleware
        func reason(_ fields: [String]) async throws -> AuthenticationFailure.Reason? {
            var request = HTTPRequest(method: .GET, target: "/internal/v1/x")
            for field in fields { request.headers.add("Authorization", field) }
            do { _ = try await guarded(request) { _ in HTTPResponse(.ok) } } catch let error as AuthenticationFailure {
                return error.reason
            }
            return nil
        }
        let good = media.authorization(for: "storage")
        #expect(try await reason([good]) == nil)
        #expect(try await reason([]) == .missing)
        #expect(try await reason([media.authorization(for: "user")]) == .badServiceToken)
        #expect(try await reason([good, good]) == .badServiceToken)
    }
}

@Suite struct SignedURLTests {
    private let urls = SignedURL(secret: "a secret of storage", purpose: "content")

    private func opens(_ method: HTTPMethod, _ target: String, now: Date = Date()) -> Bool {
        urls.isValid(HTTPRequest(method: method, target: target), now: now)
    }

    @Test func opensUntilItEnds() {
        let end = Date().addingTimeInterval(60)
        let link = urls.sign(
            .GET, path: "/a/caf%C3%A9.mp4", query: [("w", "1"), ("name", "a b&c=ü")], expiresAt: end)
        #expect(opens(.GET, link))
        #expect(opens(.HEAD, link))
        #expect(!opens(.PUT, link))
        #expect(!opens(.GET, link, now: end.addingTimeInterval(2)))
    }

    @Test func everyChangeCloses() {
        let link = urls.sign(.GET, path: "/a/b", query: [("w", "100")], expiresAt: Date().addingTimeInterval(60))
        for changed in [
            link.replacing("/a/b", with: "/a/c"), link.replacing("w=100", with: "w=1000"),
            link.replacing("w=100&", with: ""), link + "&x=1", link + "&w=100", link + "&expires=99999999999",
            link.replacing("expires=", with: "expires=9"), String(link.dropLast()), "/a/b", "/a/b?expires=1&signature=",
        ] {
            #expect(!opens(.GET, changed), "\(changed)")
        }
        let other = SignedURL(secret: "a secret of storage", purpose: "upload")
        #expect(!other.isValid(HTTPRequest(method: .GET, target: link)))
    }
}
