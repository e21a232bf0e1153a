/// A store could not do what it was asked.
public struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// What went wrong; open for more.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String
        private init(_ description: String) { self.description = description }

        /// Nothing is stored under the key.
        public static let notFound = Code("not found")
        /// The disk or the store is full, or over its quota.
        public static let noSpace = Code("no space")
        /// Not of the form of ``ObjectKey``, or a key that the S3 store will not have.
        public static let invalidKey = Code("invalid key")
        /// Bytes were to be added elsewhere than at the end.
        public static let wrongOffset = Code("wrong offset")
        /// The system's permissions or the store's credentials do not allow it.
        public static let denied = Code("denied")
        /// What is there contradicts the request: a precondition does not hold, or the bucket's state forbids it.
        public static let conflict = Code("conflict")
        /// The store is not what the settings say: no such bucket, another region or address.
        public static let misconfigured = Code("misconfigured")
        /// The store does not take such a request, however often it comes.
        public static let refused = Code("refused")
        /// The disk or the store failed in a way that may pass.
        public static let unavailable = Code("unavailable")
    }

    /// What went wrong.
    public let code: Code
    /// For logs.
    public let detail: String
    /// Another try may succeed.
    public var isRetriable: Bool { code == .unavailable }
    public var description: String { "\(code): \(detail)" }

    /// - Parameter detail: for logs; never a credential.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}
