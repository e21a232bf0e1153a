internal import FoundationEssentials

/// Where a Redis is and how one gets in: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://…` for TLS.
public struct RedisURL: Sendable, Equatable {
    /// What is wrong with a text that is none, as the rest of a sentence; never holds the text, which may be secret.
    public struct Fault: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// A name or an address; an IPv6 one without brackets.
    public let host: String
    /// 6379 where the text names none.
    public let port: Int
    /// Empty for Redis's user `default`.
    public let user: String
    /// Empty where Redis asks for none.
    public let password: String
    /// The number of the database.
    public let database: Int
    /// Whether TLS is spoken.
    public let isSecure: Bool

    /// - Throws: ``Fault``.
    public init(_ text: String) throws(Fault) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme, ["redis", "rediss"].contains(scheme)
        else {
            throw Fault(
                description: "must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss://… for TLS; "
                    + "what is special in a password is written as %XX")
        }
        guard let host = parts.host, !host.isEmpty else { throw Fault(description: "names no host") }
        let port = parts.port ?? 6379
        guard (1...65_535).contains(port) else { throw Fault(description: "must have a port from 1 to 65535") }
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), database >= 0 else {
            throw Fault(description: "must end with the number of a database, as in /0")
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw Fault(description: "must have neither ? nor # (in a password they are written as %3F and %23)")
        }
        user = parts.user ?? ""
        password = parts.password ?? ""
        guard user.isEmpty || !password.isEmpty else {
            throw Fault(description: "names a user without a password (a password alone is written as :PASSWORD@)")
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        (self.port, self.database, isSecure) = (port, database, scheme == "rediss")
    }
}
