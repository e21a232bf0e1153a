import FoundationEssentials
import Testing

@testable import GatewayService

extension LiveTests {
    /// Fields, limits and the gateway's own answers.
    @Suite struct Edge {
        @Test("Fields by which a client could pass for another never reach a service (R41)")
        func hostileFields() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let answer = try door.ask(
                "GET", "/api/v1/projects",
                fields: [
                    "X-User-Id: 1", "x_user_id: 1", "X-Internal-Token: 1", "X-Forwarded-For: 6.6.6.6",
                    "X-Forwarded-Host: evil", "X-Forwarded-Proto: https", "X-Real-IP: 6.6.6.6",
                    "Forwarded: for=6.6.6.6",
                    "X-Workspace-Id: 1", "X-Role: admin", "Via: x", "Proxy-Authorization: x", "Keep-Alive: timeout=9",
                    "TE: trailers", "Connection: close, X-Hop", "X-Hop: 1", "X-Request-Id: bad id \"",
                    "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01",
                    "tracestate: " + String(repeating: "a", count: 10_000), "X-Fine: kept", "Idempotency-Key: k",
                ], token: door.token())
            #expect(answer?.status == 200)
            let request = try #require(upstream.requests.first)
            for name in [
                "x-user-id", "x_user_id", "x-internal-token", "x-forwarded-host", "x-real-ip", "forwarded",
                "x-workspace-id", "x-role", "via", "proxy-authorization", "keep-alive", "te", "x-hop", "connection",
                "tracestate",
            ] {
                #expect(request[name] == nil, "\(name)")
            }
            #expect(request.all("x-forwarded-for") == ["127.0.0.1"])
            #expect(request.all("x-forwarded-proto") == ["http"])
            #expect(request["x-fine"] == "kept")
            #expect(request["idempotency-key"] == "k")
            #expect(request["authorization"]?.hasPrefix("Bearer ") == true)
            #expect(request.all("traceparent").count == 1)
            #expect(request["traceparent"]?.contains("00000000000000000000000000000000") == false)
            #expect(request["x-request-id"] == answer?["x-request-id"])
            #expect(request["x-request-id"]?.count == 36)
            await door.stop()
        }

        @Test("A good trace and a good request id go on; the gateway is a span of its own")
        func tracing() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let answer = try door.ask(
                "GET", "/api/v1/projects",
                fields: [
                    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate: a=b",
                    "X-Request-Id: client-request-1",
                ], token: door.token())
            let request = try #require(upstream.requests.first)
            #expect(request["traceparent"]?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true)
            #expect(request["traceparent"]?.contains("b7ad6b7169203331") == false)
            #expect(request["tracestate"] == "a=b")
            #expect(request["x-request-id"] == "client-request-1")
            #expect(answer?["x-request-id"] == "client-request-1")
            await door.stop()
        }

        @Test("What a service says of itself and of connections stays inside")
        func answerFields() async throws {
            let upstream = StubUpstream { _, socket in
                socket.send(
                    "HTTP/1.1 200 OK\r\nServer: secret/1.0\r\nX-Internal-Host: db1\r\nConnection: keep-alive, X-Hop\r\n"
                        + "Keep-Alive: timeout=5\r\nContent-Security-Policy: sandbox\r\nAccess-Control-Allow-Origin: *\r\n"
                        + "ETag: \"x\"\r\nContent-Length: 2\r\n\r\nok")
            }
            let door = try TestDoor(upstream)
            let answer = try #require(try door.ask("GET", "/api/v1/projects", token: door.token()))
            for name in ["server", "x-internal-host", "keep-alive", "access-control-allow-origin"] {
                #expect(answer[name] == nil, "\(name)")
            }
            #expect(answer.all("content-security-policy") == ["sandbox"])
            #expect(answer["x-content-type-options"] == "nosniff")
            #expect(answer["x-frame-options"] == "DENY")
            #expect(answer["etag"] == "\"x\"")
            #expect(answer["date"]?.hasSuffix("GMT") == true)
            await door.stop()
        }

        @Test("Limits for each person, with honest fields; others are not concerned (GW-009, GW-012)")
        func rateLimits() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream, environment: ["RATE_LIMIT_PERSON": "20", "RATE_LIMIT_RENDER": "3"])
            let (one, other) = (try door.token(user: UUID()), try door.token(user: UUID()))
            for left in [2, 1, 0] {
                let answer = try door.ask(
                    "POST", "/api/v1/videos/render", fields: ["X-Forwarded-For: 1.1.1.\(left)"], body: "{}", token: one)
                #expect(answer?.status == 200)
                #expect(answer?["ratelimit-limit"] == "3")
                #expect(answer?["ratelimit-remaining"] == "\(left)")
                #expect(answer?["ratelimit-reset"].flatMap { Int($0) } != nil)
            }
            let refused = try door.ask(
                "POST", "/api/v1/videos/render", fields: ["X-Forwarded-For: 9.9.9.9"], body: "{}", token: one)
            #expect(refused?.status == 429)
            #expect(refused?["retry-after"].flatMap { Int($0) } ?? 0 > 0)
            #expect(refused?["ratelimit-remaining"] == "0")
            #expect(try door.ask("POST", "/api/v1/videos/render", body: "{}", token: other)?.status == 200)
            var statuses: [Int] = []
            for _ in 0..<20 { statuses.append(try door.ask("GET", "/api/v1/me", token: one)?.status ?? 0) }
            #expect(statuses.filter { $0 == 200 }.count == 16)
            #expect(statuses.filter { $0 == 429 }.count == 4)
            await door.stop()
        }

        @Test("Signing in is limited by address; X-Forwarded-For does not help (R39)")
        func signInLimit() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream, environment: ["RATE_LIMIT_SIGN_IN": "5"])
            var statuses: [Int] = []
            for index in 0..<8 {
                statuses.append(
                    try door.ask(
                        "POST", "/api/v1/auth/login", fields: ["X-Forwarded-For: 10.0.0.\(index)"], body: "{}")?
                        .status ?? 0)
            }
            #expect(statuses == [200, 200, 200, 200, 200, 429, 429, 429])
            #expect(try door.ask("GET", "/api/v1/projects", token: door.token())?.status == 200)
            await door.stop()
        }

        @Test("Behind proxies that are trusted, their word for the address counts")
        func trustedProxies() async throws {
            let upstream = StubUpstream.echo()
            var settings = DoorSettings()
            settings.trustedProxies = 1
            let door = try TestDoor(upstream, settings: settings, environment: ["RATE_LIMIT_SIGN_IN": "1"])
            func login(_ forwarded: String) throws -> Int? {
                try door.ask("POST", "/api/v1/auth/login", fields: ["X-Forwarded-For: \(forwarded)"], body: "{}")?
                    .status
            }
            #expect(try login("6.6.6.6, 10.0.0.1") == 200)
            #expect(try login("7.7.7.7, 10.0.0.1") == 429)
            #expect(try login("6.6.6.6, 10.0.0.2") == 200)
            #expect(upstream.requests[0]["x-forwarded-for"] == "10.0.0.1, 127.0.0.1")
            await door.stop()
        }

        @Test("Pages of named origins may call, others may not (GW-006)")
        func crossOrigin() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream, environment: ["CORS_ORIGINS": "https://studio.test"])
            let token = try door.token()
            let preflight = ["Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: authorization"]
            let good = try door.ask(
                "OPTIONS", "/api/v1/projects/1", fields: preflight + ["Origin: https://studio.test"])
            #expect(good?.status == 204)
            #expect(good?["access-control-allow-origin"] == "https://studio.test")
            #expect(good?["access-control-allow-methods"]?.contains("PATCH") == true)
            #expect(good?["access-control-allow-credentials"] == "true")
            let bad = try door.ask("OPTIONS", "/api/v1/projects/1", fields: preflight + ["Origin: https://evil.test"])
            #expect(bad?["access-control-allow-origin"] == nil)
            let answer = try door.ask("GET", "/api/v1/projects", fields: ["Origin: https://studio.test"], token: token)
            #expect(answer?["access-control-allow-origin"] == "https://studio.test")
            #expect(answer?["access-control-expose-headers"]?.contains("x-request-id") == true)
            #expect(answer?["vary"] == "origin")
            let refused = try door.ask("GET", "/api/v1/projects", fields: ["Origin: https://studio.test"])
            #expect(refused?.status == 401)
            #expect(refused?["access-control-allow-origin"] == "https://studio.test")
            await door.stop()
        }

        @Test("tus: its field on the gateway's own answers too, and its OPTIONS goes through")
        func tus() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            let refused = try door.ask("PATCH", "/api/v1/uploads/1", body: "x")
            #expect(refused?.status == 401)
            #expect(refused?["tus-resumable"] == "1.0.0")
            #expect(try door.ask("GET", "/api/v1/uploads/1")?["tus-resumable"] == "1.0.0")
            #expect(try door.ask("OPTIONS", "/api/v1/uploads")?["x-method"] == "OPTIONS")
            #expect(try door.ask("GET", "/api/v1/projects")?["tus-resumable"] == nil)
            await door.stop()
        }

        @Test("The gateway's own errors are problems with a code, and name the request")
        func problems() async throws {
            let door = try TestDoor(nil)
            for (method, target, status, code) in [
                ("GET", "/nothing", 404, "not_found"), ("GET", "/internal/v1/assets/1", 404, "not_found"),
                ("DELETE", "/api/v1/projects", 405, "method_not_allowed"), ("TRACE", "/", 405, "method_not_allowed"),
                ("BREW", "/pot", 501, "method_not_known"),
            ] {
                let answer = try #require(try door.ask(method, target))
                #expect(answer.status == status)
                #expect(answer["content-type"] == "application/problem+json")
                #expect(answer.text.contains("\"code\":\"\(code)\""))
                #expect(answer.text.contains(answer["x-request-id"] ?? "?"))
            }
            #expect(try door.ask("DELETE", "/api/v1/projects")?["allow"] == "GET, HEAD, POST")
            #expect(try door.ask("OPTIONS", "/api/v1/projects")?["allow"] == "GET, HEAD, POST, OPTIONS")
            await door.stop()
        }

        @Test("The page, the API's description and the state of the nine need no token")
        func pages() async throws {
            let door = try TestDoor(nil)
            for (target, type) in [
                ("/", "text/html"), ("/docs", "text/html"), ("/site.css", "text/css"), ("/site.js", "text/javascript"),
                ("/docs.js", "text/javascript"), ("/icon.svg", "image/svg+xml"), ("/connect.js", "text/javascript"),
                ("/page.js", "text/javascript"),
                ("/social-accounts/callback?code=c&state=s", "text/html"),
                ("/api/v1/openapi.json", "application/json"),
            ] {
                let answer = try #require(try door.ask("GET", target))
                #expect(answer.status == 200, "\(target)")
                #expect(answer["content-type"]?.hasPrefix(type) == true, "\(target)")
                #expect(!answer.body.isEmpty)
            }
            #expect(try door.ask("HEAD", "/")?.status == 200)
            // What a network hands over there is good for one try, and for this page alone.
            let back = try #require(try door.ask("GET", "/social-accounts/callback?code=c&state=s"))
            #expect(back["cache-control"] == "no-store")
            #expect(back["referrer-policy"] == "no-referrer")
            #expect(back["content-security-policy"]?.contains("default-src 'none'; script-src 'self'") == true)
            #expect(!back.text.contains("code=c"))
            #expect(try door.ask("GET", "/health")?.status == 503)
            await door.stop()
        }

        @Test("Requests are counted by route")
        func metrics() async throws {
            let upstream = StubUpstream.echo()
            let door = try TestDoor(upstream)
            for id in 0..<3 {
                #expect(try door.ask("GET", "/api/v1/projects/\(id)", token: door.token())?.status == 200)
            }
            let text = GatewayMetrics.text(door: door.door, workers: door.server.workers)
            let labels = "route=\"GET /api/v1/projects/{id}\",upstream=\"project\""
            #expect(text.contains("http_server_requests_total{\(labels),status=\"2xx\"} 3"))
            #expect(text.contains("http_server_request_duration_seconds_count{\(labels)} 3"))
            #expect(text.contains("le=\"+Inf\"} 3"))
            await door.stop()
        }
    }
}
