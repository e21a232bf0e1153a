import Crypto
import Execution
import FoundationEssentials
import HTTP

/// Hashes and checks passwords on threads of its own: as many at once as there are cores, and a bounded queue. What
/// comes on top is told to come again, so that a flood of sign-ins slows nothing else (USR-022, R30).
struct PasswordHasher: Sendable {
    let parameters: Argon2id
    private let pool: BlockingPool
    /// A hash that no password has: checking it takes as long as checking a real one.
    private let decoy: String

    init(parameters: Argon2id, threads: Int, queue: Int) throws {
        self.parameters = parameters
        let cores = ProcessInfo.processInfo.activeProcessorCount
        pool = BlockingPool(name: "argon2", threads: threads > 0 ? threads : cores, queueLimit: queue)
        decoy = try parameters.hash(SecureRandom.token())
    }

    /// How much work waits.
    var waiting: Int { pool.waiting }

    func hash(_ password: String) async throws -> String {
        try await run { [parameters] in try parameters.hash(password) }
    }

    /// Whether the password is right; takes as long where there is no hash to check.
    func verify(_ password: String, against hash: String?) async throws -> Bool {
        let checked = hash ?? decoy
        let isRight = try await run { try Argon2id.verify(password, against: checked) }
        return isRight && hash != nil
    }

    private func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        do { return try await pool.run(body) } catch is BlockingPool.Overloaded {
            throw Problem.unavailable("Too many people sign in at this moment.", retryAfter: 1)
        }
    }
}
