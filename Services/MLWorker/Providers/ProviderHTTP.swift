import FoundationEssentials
import HTTP
import NetworkClient

/// What the calls to all providers have in common.
enum ProviderHTTP {
    /// Largest answer, in bytes: ten minutes of 16-bit speech as base64.
    static let answerLimit = 96 << 20

    /// Sends a request and gives the body of a successful answer.
    /// - Parameter fault: reads a provider's own error answer.
    /// - Throws: ``ProviderError``, `CancellationError`.
    static func send(
        _ request: HTTPClientRequest, by http: HTTPClient, provider: String,
        fault: (_ status: Int, _ body: Data) -> (ProviderError.Code, String)?
    ) async throws -> Data {
        do {
            let response = try await http.execute(request)
            let status = response.status.rawValue
            let body = try await response.data(upTo: (200..<300).contains(status) ? answerLimit : 1 << 20)
            if (200..<300).contains(status) { return body }
            let (code, words) = fault(status, body) ?? (.invalidAnswer, "status \(status)")
            // Providers repeat parts of a key that they refuse: that is not for people to read.
            let reason = code == .unauthorized ? "the key was refused" : words
            throw ProviderError(
                provider: provider, code: code, reason: reason,
                retryAfter: code == .rateLimited || code == .unavailable ? retryAfter(response.headers) : nil)
        } catch let error as HTTPClientError {
            switch error.code {
            case .timedOut: throw ProviderError(provider: provider, code: .timedOut, reason: "no answer in time")
            case .invalidRequest, .forbiddenAddress:
                throw ProviderError(provider: provider, code: .refused, reason: "the provider's URL cannot be used")
            case .invalidAnswer: throw ProviderError(provider: provider, code: .invalidAnswer, reason: error.detail)
            default: throw ProviderError(provider: provider, code: .unavailable, reason: error.code.description)
            }
        } catch let problem as Problem {
            throw ProviderError(
                provider: provider, code: .invalidAnswer, reason: "the answer is too large: \(problem.code)")
        }
    }

    /// What a status means where the body says nothing more.
    static func code(of status: Int) -> ProviderError.Code? {
        switch status {
        case 401, 403: .unauthorized
        case 402: .quotaExceeded
        case 408, 504: .timedOut
        case 429: .rateLimited
        case 400..<500: .refused
        case 500..<600: .unavailable
        default: nil
        }
    }

    /// `Retry-After` in seconds; a date is taken as a minute.
    private static func retryAfter(_ headers: HTTPHeaders) -> Duration? {
        guard let text = headers["Retry-After"] else { return nil }
        guard let seconds = Double(text), seconds >= 0 else { return .seconds(60) }
        return .milliseconds(Int(min(seconds, 86_400) * 1000))
    }
}
