/// What went wrong between this process and a Redis. `description` is for logs: it names no secret.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is; kinds may be added.
    public struct Code: Sendable, Hashable {
        private let word: String
        private init(_ word: String) { self.word = word }

        /// No connection could be made, or it broke, or no answer came in time.
        public static let away = Code("away")
        /// Redis refused the user or the password.
        public static let login = Code("login")
        /// Redis refused a command.
        public static let refused = Code("refused")
        /// What answers does not speak Redis's protocol.
        public static let protocolBroken = Code("protocol")
    }

    /// What kind of failure it is.
    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
