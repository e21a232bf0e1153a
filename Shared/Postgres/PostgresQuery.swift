/// A statement with its parameters. Interpolated values become parameters, never text:
///
///     let query: PostgresQuery = "SELECT title FROM project WHERE workspace_id = \(workspace) AND id = \(id)"
///
/// Queries compose: an interpolated query is inserted with its parameters. Only `\(unescaped:)` inserts text as it is;
/// it is for constants of the program, never for input.
public struct PostgresQuery: Sendable, Hashable, ExpressibleByStringInterpolation {
    /// The text between the parameters: always one more than there are parameters.
    private var segments: [String]
    /// The parameters in their order.
    public private(set) var parameters: [PostgresParameter]

    /// A query of constant text.
    public init(stringLiteral value: String) {
        segments = [value]
        parameters = []
    }

    /// A query with what its literal interpolates.
    public init(stringInterpolation: StringInterpolation) { self = stringInterpolation.query }

    /// A query of constant text.
    public init(unescaped sql: String) { self.init(stringLiteral: sql) }

    /// The statement as sent, with `$1`, `$2`, … for the parameters.
    public var sql: String {
        var text = segments[0]
        for (index, segment) in segments.dropFirst().enumerated() {
            text += "$\(index + 1)"
            text += segment
        }
        return text
    }

    /// Appends another query.
    public mutating func append(_ other: PostgresQuery) {
        segments[segments.count - 1] += other.segments[0]
        segments += other.segments.dropFirst()
        parameters += other.parameters
    }

    /// Both queries, one after the other.
    public static func + (lhs: PostgresQuery, rhs: PostgresQuery) -> PostgresQuery {
        var sum = lhs
        sum.append(rhs)
        return sum
    }

    fileprivate mutating func append(text: String) { segments[segments.count - 1] += text }

    fileprivate mutating func append(parameter: PostgresParameter) {
        parameters.append(parameter)
        segments.append("")
    }

    /// Collects the parts of an interpolated literal.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var query = PostgresQuery(stringLiteral: "")

        /// Begins an empty query.
        public init(literalCapacity: Int, interpolationCount: Int) {}

        /// Adds SQL as written; only literals of the source come here, never a value.
        public mutating func appendLiteral(_ literal: String) { query.append(text: literal) }

        /// Binds a value.
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            query.append(parameter: value.postgresParameter)
        }

        /// Binds a value, or NULL.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            query.append(parameter: value.postgresParameter)
        }

        /// Inserts a query with its parameters.
        public mutating func appendInterpolation(_ other: PostgresQuery) { query.append(other) }

        /// Inserts constant text of the program. Never input.
        public mutating func appendInterpolation(unescaped sql: String) { query.append(text: sql) }

        /// Inserts a name, quoted.
        public mutating func appendInterpolation(identifier name: String) {
            query.append(text: PostgresQuery.quoted(identifier: name))
        }
    }

    /// A name as SQL quotes it: in double quotes, each of them within doubled.
    static func quoted(identifier: String) -> String {
        var text = "\""
        for character in identifier.unicodeScalars where character != "\0" {
            if character == "\"" { text += "\"" }
            text.unicodeScalars.append(character)
        }
        return text + "\""
    }
}
