/// A timeline that cannot be rendered, with everything that is wrong with it.
public struct TimelineError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One fault.
    public struct Problem: Codable, Sendable, Hashable, CustomStringConvertible {
        /// Where, as in `scenes[2].visual.endMs`.
        public let path: String
        /// What, in words for the person who made the timeline.
        public let reason: String

        /// - Parameter reason: reads on from the path: `scenes[0].id must be unique and not empty`.
        public init(path: String, reason: String) {
            self.path = path
            self.reason = reason
        }

        public var description: String { "\(path) \(reason)" }
    }

    /// Never empty.
    public let problems: [Problem]

    /// - Parameter problems: all that is wrong, at least one thing.
    public init(problems: [Problem]) { self.problems = problems }

    public var description: String {
        "the timeline cannot be rendered: " + problems.map(\.description).joined(separator: "; ")
    }
}
