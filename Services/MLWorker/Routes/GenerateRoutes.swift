import Auth
import Events
import FoundationEssentials
import HTTP
import Jobs
import Music
import Postgres
import Primitives
import ServiceKit
import Speech

/// `POST /api/v1/assets/generate` (ML-012): makes an asset from words, as a job.
struct GenerateRoutes: Sendable {
    let store: JobStore
    let postgres: PostgresClient
    let tokens: TokenVerifier

    /// What is asked for.
    struct Body: Decodable, Sendable {
        /// `voice`, `music` or `audio` (which is a voice).
        var kind: String
        /// What is said, or how the music should feel.
        var prompt: String
        var language: String?
        /// Of music, in seconds.
        var durationSeconds: Double?
        var seed: UInt64?
        var projectId: UUID?
    }

    func add(to routes: inout Router) {
        routes.post("/api/v1/assets/generate", tokens.authenticated(generate))
    }

    private func generate(_ request: HTTPRequest, _ principal: Principal) async throws -> HTTPResponse {
        guard principal.role.canWrite else { throw Problem.forbidden() }
        let (request, key) = try await IdempotencyKey.read(request, principal)
        let body: Body = try await request.decode()
        let (kind, payload) = try Self.work(body)
        return try await Idempotency.perform(key, on: postgres) { transaction in
            let asked = JobRequest(
                kind: kind, workspaceID: principal.workspaceID, userID: principal.userID, projectID: body.projectId,
                payload: payload)
            guard let job = try await store.enqueue(asked, in: transaction) else { throw Problem.internalError }
            return try JobView(job, worker: .mlWorker).accepted()
        }
    }

    /// The work that a request asks for.
    /// - Throws: ``Problem`` naming every fault.
    static func work(_ body: Body) throws -> (kind: String, payload: JSONValue) {
        var faults: [(field: String, reason: String)] = []
        let prompt = body.prompt.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        switch body.kind {
        case "voice", "audio":
            if !prompt.contains(where: { $0.isLetter || $0.isNumber }) {
                faults.append(("prompt", "must say something"))
            }
            if body.prompt.count > Narration.maximumCharacters {
                faults.append(("prompt", "must have at most \(Narration.maximumCharacters) characters"))
            }
            if !faults.isEmpty { throw Problem.invalid(faults) }
            return ("voice", ["narration": .string(body.prompt), "language": .string(body.language ?? "en")])
        case "music":
            let seconds = body.durationSeconds ?? 30
            if !(1...900).contains(seconds) { faults.append(("durationSeconds", "must be 1 to 900")) }
            if prompt.count > 500 { faults.append(("prompt", "must have at most 500 characters")) }
            if let seed = body.seed, seed > UInt64(Int64.max) { faults.append(("seed", "is too large")) }
            if !faults.isEmpty { throw Problem.invalid(faults) }
            var payload: [String: JSONValue] = ["mood": .string(prompt), "durationMs": .int(Int64(seconds * 1000))]
            if let seed = body.seed { payload["seed"] = .int(Int64(seed)) }
            return ("music", .object(payload))
        case "image", "video": throw Problem.notImplemented("generation of kind \(body.kind)")
        default: throw Problem.invalid(field: "kind", reason: "must be voice, music or audio")
        }
    }
}
