internal import CPostgres
internal import FoundationEssentials

/// What the server answered to one statement. Owns the C result; rows read from it.
final class ResultSet: @unchecked Sendable {  // A PGresult is never changed once received; libpq allows shared reads.
    private let result: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    /// Takes ownership of `result`.
    init(owning result: OpaquePointer) {
        self.result = result
        rowCount = Int(PQntuples(result))
        columnCount = Int(PQnfields(result))
    }

    deinit { PQclear(result) }

    /// The rows that an INSERT, UPDATE, DELETE, MERGE or SELECT touched.
    var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// The command that was done, as in `COMMIT` or `INSERT 0 1`.
    var tag: String { String(cString: PQcmdStatus(result)) }

    func column(named name: String) -> Int? {
        // Quoted, for libpq folds the case of what is not.
        let number = PQfnumber(result, PostgresQuery.quoted(identifier: name))
        return number < 0 ? nil : Int(number)
    }

    func name(of column: Int) -> String {
        PQfname(result, Int32(column)).map { String(cString: $0) } ?? "\(column + 1)"
    }

    func decode<T: PostgresDecodable>(_ type: T.Type, row: Int, column: Int) throws -> T {
        guard column < columnCount else {
            throw PostgresError(.decoding, "column \(column + 1) of \(columnCount) was asked for")
        }
        let value: T?
        if PQgetisnull(result, Int32(row), Int32(column)) == 1 {
            value = T.postgresNull
        } else {
            let count = Int(PQgetlength(result, Int32(row), Int32(column)))
            let start = UnsafeRawPointer(PQgetvalue(result, Int32(row), Int32(column)))?
                .assumingMemoryBound(to: UInt8.self)
            value = T(postgresText: UnsafeBufferPointer(start: start, count: count))
        }
        guard let value else { throw PostgresError(.decoding, "column \(name(of: column)) is no \(T.self)") }
        return value
    }
}
