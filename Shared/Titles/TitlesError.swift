/// A canvas or a text could not be made.
public struct TitlesError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// No memory for the pixels, or a size beyond cairo's limit of 32,767.
        public static let outOfMemory = Code(rawValue: "out_of_memory")
    }

    /// What went wrong.
    public let code: Code
    /// Whether the same may succeed later.
    public var isRetriable: Bool { true }
    public var description: String { "titles: \(code.rawValue)" }

    static let outOfMemory = TitlesError(code: .outOfMemory)
}
