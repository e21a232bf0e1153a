/// A row of an answer. Columns are decoded when they are asked for.
public struct PostgresRow: Sendable {
    private let set: ResultSet
    private let index: Int

    init(set: ResultSet, index: Int) {
        self.set = set
        self.index = index
    }

    /// All rows of an answer.
    static func all(of set: ResultSet) -> [PostgresRow] {
        (0..<set.rowCount).map { PostgresRow(set: set, index: $0) }
    }

    /// The columns in their order, as in `row.decode((UUID, String, Int?).self)`.
    /// - Parameter first: the first column, counted from 0; many columns are decoded in several calls.
    /// - Throws: ``PostgresError/Code/decoding`` where a column is missing or is no such value.
    public func decode<each T: PostgresDecodable>(
        _ types: (repeat each T).Type, from first: Int = 0
    ) throws -> (repeat each T) {
        var column = first - 1
        func next<C: PostgresDecodable>(_ type: C.Type) throws -> C {
            column += 1
            return try set.decode(type, row: index, column: column)
        }
        return try (repeat next((each T).self))
    }

    /// The first column.
    /// - Throws: ``PostgresError/Code/decoding``.
    public func decode<T: PostgresDecodable>(_ type: T.Type) throws -> T {
        try set.decode(type, row: index, column: 0)
    }

    /// The column of a name, as in `try row["title", as: String.self]`.
    /// - Throws: ``PostgresError/Code/decoding``.
    public subscript<T: PostgresDecodable>(name: String, as type: T.Type) -> T {
        get throws {
            guard let column = set.column(named: name) else {
                throw PostgresError(.decoding, "there is no column \(name)")
            }
            return try set.decode(type, row: index, column: column)
        }
    }
}
