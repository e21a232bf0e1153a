/// A step of a schema: SQL that is applied once, in order, and never changed afterwards.
public struct Migration: Sendable, Hashable {
    /// The name, as in `V0001_users`; steps are applied in the order of the list, not of the names.
    public let id: String
    /// One or more statements.
    public let sql: String

    /// A step from its text.
    public init(id: String, sql: String) {
        self.id = id
        self.sql = sql
    }

    /// A step whose SQL is embedded in the executable, as SwiftPM's `embedInCode` gives it.
    public init(id: String, sql: [UInt8]) { self.init(id: id, sql: String(decoding: sql, as: UTF8.self)) }

    /// FNV-1a of 64 bits over the text without the white space around lines, in hexadecimal: notices edits, proves nothing.
    var checksum: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for line in sql.split(separator: "\n") {
            for byte in line.utf8.drop(while: { $0 == 0x20 || $0 == 0x09 }) where byte != 0x0D {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        return String(hash, radix: 16)
    }
}
