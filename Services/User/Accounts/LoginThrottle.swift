import Crypto
import FoundationEssentials
import HTTP
import Postgres
import Primitives

/// Slows down guessing at one name: after ten failures in a row each further try has to wait longer, up to a minute.
/// Counts what was typed, whether or not somebody has that name, so that it tells nobody which names exist.
struct LoginThrottle: Sendable {
    private static let free = 10
    private static let longest = 60
    private let key: Data

    init(identifier: LoginIdentifier) { key = SHA256.hash(Data(identifier.key.utf8)) }

    /// Seconds to wait after so many failures.
    static func wait(after failures: Int) -> Int {
        failures < free ? 0 : min(longest, 1 << min(failures - free, 6))
    }

    /// The statement that finds the failures.
    var finding: PostgresQuery {
        "SELECT failures, extract(epoch FROM now() - last_at)::float8 FROM login_failure WHERE key = \(key)"
    }

    /// Whether there are failures to forget after a success.
    /// - Parameter rows: what ``finding`` has found.
    /// - Throws: `Problem` 429 where the next try is not due yet.
    func check(_ rows: [PostgresRow]) throws -> Bool {
        guard let (failures, age) = try rows.first?.decode((Int, Double).self) else { return false }
        let wait = Double(Self.wait(after: failures)) - age
        guard wait <= 0 else {
            SecurityEvent.signInThrottled.count()
            throw Problem.tooManyRequests(retryAfter: Int(wait.rounded(.up)))
        }
        return true
    }

    /// Counts a failure. Failures long ago do not count.
    func count(in tx: PostgresTransaction) async throws {
        try await tx.execute(
            """
            INSERT INTO login_failure AS known (key, failures, last_at) VALUES (\(key), 1, now())
            ON CONFLICT (key) DO UPDATE SET last_at = now(), failures =
                CASE WHEN known.last_at < now() - interval '15 minutes' THEN 1 ELSE known.failures + 1 END
            """)
    }

    /// The statement that forgets the failures.
    var clearing: PostgresQuery { "DELETE FROM login_failure WHERE key = \(key)" }
}
