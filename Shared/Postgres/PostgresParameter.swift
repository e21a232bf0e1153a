public import FoundationEssentials

/// A value on its way to the server. Text leaves its type to the server, which infers it from the statement.
public enum PostgresParameter: Sendable, Hashable {
    /// NULL.
    case null
    /// The value's text form; must not hold a NUL.
    case text(String)
    /// The value's binary form; used for `bytea`, where it is the bytes themselves.
    case binary(Data)
}
