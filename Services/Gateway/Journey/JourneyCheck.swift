internal import FoundationEssentials
internal import Glibc
internal import HTTP
internal import Lifecycle
internal import NetworkClient
internal import Primitives

/// A small journey through a fleet, as a person would make it: all services are ready, somebody registers, makes a
/// project, uploads a picture, and its thumbnail comes. It crosses Postgres, Kafka, the object store and five services.
///
/// `helm test` runs it in the gateway's own image, which has no shell.
struct JourneyCheck: Sendable {
    /// Why a step did not succeed, in words for whoever installs.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let base: String
    private let limit: Duration
    private let patience: Duration
    private let http: HTTPClient

    /// - Parameters:
    ///   - base: the gateway's URL, without a path.
    ///   - limit: the time for all of it.
    ///   - patience: how long a service may take to become ready.
    init(base: String, limit: Duration, patience: Duration = .seconds(30), http: HTTPClient) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.limit = limit
        self.patience = min(patience, limit)
        self.http = http
    }

    /// The word `check-journey URL [SECONDS]` of the executable: the result is the exit code.
    static func perform(_ words: [String]) async -> Int32 {
        guard let base = words.first, base.hasPrefix("http"), words.count < 3 else {
            say("check-journey: needs the gateway's URL, and at most the seconds that it may take")
            return 64
        }
        guard let seconds = Int(words.dropFirst().first ?? "120"), seconds > 0 else {
            say("check-journey: \(words[1]) is no number of seconds")
            return 64
        }
        let http = HTTPClient(name: "journey")
        let check = JourneyCheck(base: base, limit: .seconds(seconds), http: http)
        do {
            try await check.run { say("ok      \($0)") }
            return 0
        } catch {
            say("FAILED  \(error)")
            return 1
        }
    }

    /// Walks the journey; `tell` is given each step that succeeded.
    /// - Throws: ``Failure`` of the first step that did not.
    func run(tell: @escaping @Sendable (String) -> Void) async throws {
        let end = ContinuousClock.now + limit
        let count = try await everyoneReady(until: ContinuousClock.now + patience)
        tell("\(count) services are ready")

        let name = "journey-\(UUID.v7().text.lowercased().suffix(12))"
        let account = try await call(
            .POST, "/auth/register",
            [
                "email": .string("\(name)@journey.invalid"), "username": .string(name),
                "password": .string("to its end \(UUID.v7().text)"),
            ],
            step: "a person registers (gateway, user)")
        guard let token = account["accessToken"]?.stringValue else {
            throw Failure(description: "no access token came")
        }
        tell("a person registered")

        let project = try await call(
            .POST, "/projects", ["title": "A journey", "type": "video"], token: token,
            step: "a project is made (project)")
        guard let projectID = project["id"]?.stringValue else { throw Failure(description: "the project has no id") }
        tell("a project was made")

        var fields = authorization(token)
        fields.set("Content-Type", "image/png")
        let asset = try await send(
            HTTPClientRequest(
                .POST, base + "/api/v1/assets?filename=journey.png&projectId=\(projectID)", headers: fields,
                body: .data(Self.picture)), step: "a picture is uploaded (storage, object store)")
        guard let assetID = asset["id"]?.stringValue else { throw Failure(description: "the picture has no id") }
        tell("a picture was uploaded")

        try await thumbnail(of: assetID, token: token, until: end)
        tell("its thumbnail came, through Kafka and media-worker")
        // What is left of it is the account: nothing takes accounts away.
        for path in ["/assets/\(assetID)", "/projects/\(projectID)"] {
            let request = HTTPClientRequest(.DELETE, base + "/api/v1" + path, headers: authorization(token))
            _ = try? await http.execute(request)
        }
    }

    /// How many services there are, and the names of those that are not ready.
    private func look() async throws -> (count: Int, away: [String]) {
        let answer = try await http.execute(HTTPClientRequest(.GET, base + "/health", timeout: .seconds(5)))
        let services = try JSON.decode(JSONValue.self, from: try await answer.data())["services"]?.arrayValue ?? []
        let away = services.filter { $0["ready"]?.boolValue != true }.compactMap { $0["name"]?.stringValue }
        return (services.count, away)
    }

    private func everyoneReady(until end: ContinuousClock.Instant) async throws -> Int {
        while true {
            let fault: String
            do {
                let (count, away) = try await look()
                if count > 0, away.isEmpty { return count }
                fault = count == 0 ? "the gateway has not looked yet" : "not ready: \(away.joined(separator: ", "))"
            } catch {
                fault = "the gateway does not answer at \(base): \(error)"
            }
            guard ContinuousClock.now < end else { throw Failure(description: fault) }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// A failure, with the services that are away now: one may have gone in the middle.
    private func failure(_ text: String) async -> Failure {
        guard let away = try? await look().away, !away.isEmpty else { return Failure(description: text) }
        return Failure(description: "\(text); not ready: \(away.joined(separator: ", "))")
    }

    private func thumbnail(of asset: String, token: String, until end: ContinuousClock.Instant) async throws {
        while true {
            let step = "the thumbnail is made (outbox, Kafka, media-worker, storage)"
            let found = try await call(.GET, "/assets/\(asset)/renditions", nil, token: token, step: step)
            let names = found["items"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            if names.contains("thumbnail") { return }
            guard ContinuousClock.now < end else {
                throw await failure("\(step): none came in \(limit.components.seconds) s")
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    private func authorization(_ token: String?) -> HTTPHeaders {
        token.map { ["Authorization": "Bearer \($0)"] } ?? HTTPHeaders()
    }

    private func call(
        _ method: HTTPMethod, _ path: String, _ value: JSONValue?, token: String? = nil, step: String
    ) async throws -> JSONValue {
        let url = base + "/api/v1" + path
        let headers = authorization(token)
        let request =
            try value.map { try HTTPClientRequest.json(method, url, $0, headers: headers) }
            ?? HTTPClientRequest(method, url, headers: headers)
        return try await send(request, step: step)
    }

    private func send(_ request: HTTPClientRequest, step: String) async throws -> JSONValue {
        let status: HTTPStatus
        let data: Data
        do {
            let answer = try await http.execute(request)
            status = answer.status
            data = try await answer.data()
        } catch {
            throw await failure("\(step): \(error)")
        }
        guard status.isSuccess else {
            let text = String(decoding: data.prefix(400), as: UTF8.self)
            throw await failure("\(step): answered \(status.rawValue) \(text)")
        }
        return (try? JSON.decode(JSONValue.self, from: data)) ?? .null
    }

    private static func say(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Sixteen by sixteen pixels, as PNG.
    private static let picture =
        Data(
            base64Encoded: """
                iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAABlklEQVR42hXR4RiFMQiG4Q9hCEMIYQghhDCEEIbwIIQQQgghDOHs9Lu7662+\
                72N8zA/5WB/6YR/7wz/OBx/xkR/10R/34/sGYzAHMlgDHdhgD3xwBgxikIMa9OCOByZjMicyWROd2GRPfHImTGKSk5r05M4HhCFMQYQlqGDC\
                Flw4AkIIKZTQwpUHFmMxF7JYC13YYi98cRYsYpGLWvTirgeUoUxFlKWoYspWXDkKSiiplNLK1QeMYUxDjGWoYcY23DgGRhhplNHGtQc2YzM3\
                slkb3dhmb3xzNmxik5va9ObuB5zhTEec5ahjznbcOQ5OOOmU0871Bw7jMA9yWAc92GEf/HAOHOKQhzr04Z4H/s95534HfCd5S77YL8gb/Zr/\
                FZBQ0HDf679gBDOQYAUaWLADD0782yPIoIIObjyQjGQmkqxEE0t24snJ//BIMqmkk5sPFKOYhRSr0MKKXXhx6h8liiyq6OLWA81oZiPNarSx\
                ZjfenP4Hjyabarq5/cBlXOZFLuuiF7vsi1/O/a8Zl7zUpS/38gNq4ZAQAX6pcwAAAABJRU5ErkJggg==
                """) ?? Data()
}
