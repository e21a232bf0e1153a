/// A store could not do what it was asked.
public struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// What went wrong; open for more.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        public static let notFound = Code("not found")
        /// The disk or the store is full, or over its quota.
        public static let noSpace = Code("no space")
        public static let invalidKey = Code("invalid key")
        /// Bytes were to be added elsewhere than at the end.
        public static let wrongOffset = Code("wrong offset")
        public static let denied = Code("denied")
        public static let unavailable = Code("unavailable")
    }

    public let code: Code
    /// For logs.
    public let detail: String
    public var isRetriable: Bool { code == .unavailable }
    public var description: String { "\(code): \(detail)" }

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}
