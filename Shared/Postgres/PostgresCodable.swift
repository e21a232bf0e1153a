/// A value that can be a parameter.
public protocol PostgresEncodable {
    /// What is sent to the server: text, whose type it infers from the statement, or bytes as they are.
    var postgresParameter: PostgresParameter { get }
}

/// A value that can be read from a column.
public protocol PostgresDecodable {
    /// Reads the text form of a column, whose bytes are valid within the call only; `nil` where it is no such value.
    init?(postgresText bytes: UnsafeBufferPointer<UInt8>)
    /// The value of a NULL; `nil` where NULL is no such value.
    static var postgresNull: Self? { get }
}

extension PostgresDecodable {
    public static var postgresNull: Self? { nil }
}

/// A value that goes both ways.
public typealias PostgresCodable = PostgresDecodable & PostgresEncodable

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public var postgresParameter: PostgresParameter { self?.postgresParameter ?? .null }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard let value = Wrapped(postgresText: bytes) else { return nil }
        self = .some(value)
    }

    public static var postgresNull: Wrapped?? { .some(.none) }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    public var postgresParameter: PostgresParameter { rawValue.postgresParameter }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    public init?(postgresText bytes: UnsafeBufferPointer<UInt8>) {
        guard let raw = RawValue(postgresText: bytes) else { return nil }
        self.init(rawValue: raw)
    }
}
