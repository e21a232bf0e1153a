/// Conditions of a GET or HEAD on one representation (RFC 9110 §13).
public enum Preconditions {
    /// What is to be done: what was asked, 304, or 412.
    public enum Outcome: Sendable, Equatable { case proceed, notModified, failed }

    /// Compares `If-Match` and `If-None-Match` with the entity tag of what is there.
    /// - Parameter tag: with its quotes.
    public static func evaluate(_ headers: HTTPHeaders, tag: String) -> Outcome {
        if headers.contains("If-Match") {
            guard matches(headers.list("If-Match"), tag, weak: false) else { return .failed }
        }
        if headers.contains("If-None-Match"), matches(headers.list("If-None-Match"), tag, weak: true) {
            return .notModified
        }
        return .proceed
    }

    /// Whether `Range` counts: there is no `If-Range`, or it names this very representation.
    public static func rangeCounts(_ headers: HTTPHeaders, tag: String) -> Bool {
        headers["If-Range"].map { $0 == tag } ?? true
    }

    private static func matches(_ tags: [String], _ tag: String, weak: Bool) -> Bool {
        tags.contains { given in
            if given == "*" || given == tag { return true }
            return weak && given.hasPrefix("W/") && String(given.dropFirst(2)) == tag
        }
    }
}
