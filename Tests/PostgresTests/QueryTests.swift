import FoundationEssentials
import Postgres
import Primitives
import TestKit
import Testing

enum Colour: String, PostgresCodable { case red, blue }

@Suite struct QueryTests {
    @Test func valuesBecomeParameters() {
        let name = "x'; DROP TABLE t; --"
        let condition: PostgresQuery = "name = \(name)"
        let query: PostgresQuery = "SELECT \(1) FROM \(identifier: "a\"b") WHERE \(condition) AND n = \(nil as Int?)"
        #expect(query.sql == "SELECT $1 FROM \"a\"\"b\" WHERE name = $2 AND n = $3")
        #expect(query.parameters == [.text("1"), .text(name), .null])
    }

    @Test func injectionThroughInterpolationDoesNothing() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE t (name text)")
            let evil = "'); DROP TABLE t; --"
            try await client.execute("INSERT INTO t VALUES (\(evil))")
            let names = try await client.query("SELECT name FROM t WHERE name = \(evil)").map {
                try $0.decode(String.self)
            }
            #expect(names == [evil])
        }
    }

    @Test func everyTypeGoesThereAndBack() async throws {
        try await withClient { client, _ in
            try await client.execute(
                """
                CREATE TABLE v (a uuid, b text, c bigint, d int, e boolean, f double precision, g timestamptz, h bytea,
                i jsonb, j uuid[], k text[], l text, m int)
                """)
            let id = UUID.v7()
            let date = Date(timeIntervalSince1970: 1_790_000_000.123456)
            let bytes = Data((0...255).map { UInt8($0) })
            let json: JSONValue = ["k": [1, 2.5, "ü\"", nil, true]]
            let texts = ["a", "", "b,c", "{}\\\"", "NULL", "ü"]
            try await client.execute(
                """
                INSERT INTO v VALUES (\(id), \("ü\n"), \(Int64.min), \(Int32.max), \(true), \(0.1), \(date), \(bytes),
                \(json), \([id, id]), \(texts), \(Colour.blue), \(nil as Int?))
                """)
            let row = try #require(try await client.query("SELECT * FROM v").first)
            let value = try row.decode(
                (
                    UUID, String, Int64, Int32, Bool, Double, Date, Data, JSONValue, [UUID], [String], Colour, Int?
                ).self)
            #expect(value.0 == id)
            #expect(value.1 == "ü\n")
            #expect(value.2 == Int64.min)
            #expect(value.3 == Int32.max)
            #expect(value.4)
            #expect(value.5 == 0.1)
            #expect(abs(value.6.timeIntervalSince(date)) < 0.000_002)
            #expect(value.7 == bytes)
            #expect(value.8 == json)
            #expect(value.9 == [id, id])
            #expect(value.10 == texts)
            #expect(value.11 == .blue)
            #expect(value.12 == nil)
            #expect(try row["a", as: UUID.self] == id)
            #expect(try row["i", as: PostgresJSON<JSONValue>.self].value == json)
        }
    }

    @Test(arguments: [-62_135_596_800, -1, 0, 951_782_400, 951_868_799.5, 4_102_444_800, 1_790_000_000.001])
    func datesAreExact(seconds: Double) async throws {
        try await withClient { client, _ in
            let date = Date(timeIntervalSince1970: seconds)
            let row = try #require(
                try await client.query("SELECT \(date)::timestamptz, extract(epoch FROM \(date)::timestamptz)").first)
            let (back, epoch) = try row.decode((Date, Double).self)
            #expect(back == date)
            #expect(epoch == seconds)
        }
    }

    @Test func wrongTypesAreRefused() async throws {
        try await withClient { client, _ in
            let row = try #require(try await client.query("SELECT 'x', NULL, 300").first)
            #expect(throws: PostgresError.self) { try row.decode(Int.self) }
            #expect(throws: PostgresError.self) { try row.decode((String, String).self) }
            #expect(throws: PostgresError.self) { try row.decode((String, String?, Int, Int).self) }
            #expect(throws: PostgresError.self) { try row["absent", as: Int.self] }
            await #expect(throws: PostgresError.self) { try await client.query("SELECT \("a\0b")::text") }
            #expect(try await client.query("SELECT 1").count == 1)
        }
    }

    @Test func errorsNameTheirKindButNoValues() async throws {
        try await withClient { client, _ in
            try await client.execute("CREATE TABLE u (name text CONSTRAINT u_name UNIQUE)")
            try await client.execute("INSERT INTO u VALUES (\("secret"))")
            let error = try await #require(throws: PostgresError.self) {
                try await client.execute("INSERT INTO u VALUES (\("secret"))")
            }
            #expect(error.isUniqueViolation)
            #expect(error.constraint == "u_name")
            #expect(error.sqlState == "23505")
            #expect(!error.isRetriable)
            #expect(!"\(error)".contains("secret"))
            #expect(error.debugDescription.contains("secret"))
        }
    }
}
