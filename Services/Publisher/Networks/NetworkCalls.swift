import FoundationEssentials
import HTTP
import NetworkClient
import Primitives

/// One call to a network, and what its answer means for whoever must not do a thing twice.
struct NetworkCalls: Sendable {
    let http: HTTPClient
    let timeout: Duration

    /// Sends a request and reads its answer.
    /// - Throws: ``NetworkFailure``; `CancellationError`.
    func json<Answer: Decodable>(_ request: HTTPClientRequest, _ accessToken: String?) async throws -> Answer {
        var request = request
        if let accessToken { request.headers.set("Authorization", "Bearer \(accessToken)") }
        if request.timeout != nil { request.timeout = timeout }
        let response: HTTPClientResponse
        let data: Data
        do {
            response = try await http.execute(request)
            data = try await response.data(upTo: 1 << 20)
        } catch let error as HTTPClientError {
            throw error.outcomeUnknown
                ? NetworkFailure.outcomeUnknown(error.description) : .unavailable(error.description)
        } catch is Problem {
            throw NetworkFailure.outcomeUnknown("the answer is too long")
        }
        switch response.status.rawValue {
        case 200..<300:
            do { return try JSON.decode(Answer.self, from: data) } catch {
                // It says yes, but not what: to ask for the post again would be blind.
                throw NetworkFailure.outcomeUnknown("the answer cannot be read")
            }
        case 401: throw NetworkFailure.unauthorized
        case 429: throw NetworkFailure.rateLimited(retryAfter: Self.wait(response.headers["Retry-After"]))
        case 408, 500, 502, 504: throw NetworkFailure.outcomeUnknown("status \(response.status.rawValue)")
        case 503: throw NetworkFailure.unavailable("status 503")
        default: throw Self.refusal(response.status.rawValue, data)
        }
    }

    /// `Retry-After` in seconds; a minute where it says nothing usable, an hour at most.
    static func wait(_ field: String?) -> Duration {
        guard let field, let seconds = Int(field), seconds >= 0 else { return .seconds(60) }
        return .seconds(min(seconds, 3600))
    }

    private static func refusal(_ status: Int, _ data: Data) -> NetworkFailure {
        struct Answer: Decodable {
            let code: String?
            let error: String?
            let detail: String?
        }
        let answer = try? JSON.decode(Answer.self, from: data)
        let code = answer?.code ?? answer?.error ?? "refused_\(status)"
        return .refused(
            code: String(code.prefix(100)), message: String((answer?.detail ?? "The network refused it.").prefix(500)))
    }
}
