import Jobs

/// Why a provider gave no result.
struct ProviderError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of fault that providers have.
    struct Code: RawRepresentable, Sendable, Hashable {
        let rawValue: String
        init(rawValue: String) { self.rawValue = rawValue }

        /// Too many requests; ``retryAfter`` may say when to come again.
        static let rateLimited = Code(rawValue: "rate_limited")
        /// The account has no credit left.
        static let quotaExceeded = Code(rawValue: "quota_exceeded")
        /// The key is wrong, or may not do this.
        static let unauthorized = Code(rawValue: "unauthorized")
        /// The provider does not do what was asked: a rule of content, a bad parameter, an unknown model or voice.
        static let refused = Code(rawValue: "refused")
        /// The provider is down or overloaded.
        static let unavailable = Code(rawValue: "unavailable")
        /// No answer in time. What it did, and costs, is unknown.
        static let timedOut = Code(rawValue: "timed_out")
        /// An answer that cannot be used.
        static let invalidAnswer = Code(rawValue: "invalid_answer")
    }

    let provider: String
    let code: Code
    /// What happened, in the provider's words; never a key.
    let reason: String
    var retryAfter: Duration?

    /// Whether the same call may succeed later.
    var isRetriable: Bool {
        code == .rateLimited || code == .unavailable || code == .timedOut || code == .invalidAnswer
    }

    var description: String { "\(provider) \(code.rawValue): \(reason)" }

    /// As a job ends with it.
    var failure: JobFailure {
        JobFailure(
            "provider_\(code.rawValue)", "\(provider): \(reason)", retriable: isRetriable, retryAfter: retryAfter)
    }
}
