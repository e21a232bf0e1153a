import Jobs

/// What a film should be about, checked.
struct ScriptRequest: Codable, Sendable, Hashable {
    /// Longest brief, in characters.
    static let maximumBrief = 20_000
    /// Most scenes of a script.
    static let maximumScenes = 80

    let brief: String
    /// BCP 47.
    let language: String
    /// The length wished for, in seconds.
    let durationSeconds: Double?

    /// - Throws: `JobFailure` naming the fault.
    init(brief: String, language: String, durationSeconds: Double?) throws(JobFailure) {
        guard brief.count <= Self.maximumBrief else {
            throw JobFailure(
                "brief_too_long", "The brief has \(brief.count) characters; \(Self.maximumBrief) are possible.",
                retriable: false)
        }
        guard brief.contains(where: { $0.isLetter || $0.isNumber }) else {
            throw JobFailure("brief_empty", "The brief says nothing.", retriable: false)
        }
        if let durationSeconds, !(5...600).contains(durationSeconds) {
            throw JobFailure("invalid_duration", "A film lasts 5 to 600 seconds.", retriable: false)
        }
        let isTag =
            (2...35).contains(language.count)
            && language.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        guard isTag else {
            throw JobFailure("unsupported_language", "The language is no BCP 47 tag.", retriable: false)
        }
        self.brief = brief
        self.language = language
        self.durationSeconds = durationSeconds
    }
}
