public import HTTP
internal import Postgres

/// What a client is told where the database is the reason that a request cannot be answered.
public enum DatabaseProblems {
    /// Turns what is the database's state, or the request's own fault, into a problem; the rest stays an error, which is
    /// logged and answered with a bare 500.
    public static let middleware: Middleware = { request, next in
        do { return try await next(request) } catch {
            guard let problem = problem(for: error) else { throw error }
            throw problem
        }
    }

    /// What a client is told; `nil` where the database is not the reason.
    public static func problem(for error: any Error) -> Problem? {
        switch error {
        case let error as PostgresError: problem(for: error)
        case let error as PostgresTransactionError: (error.commit ?? error.body).flatMap { problem(for: $0) }
        default: nil
        }
    }

    private static func problem(for error: PostgresError) -> Problem? {
        switch error.sqlState {
        // Text with a NUL, as such or within JSON: Postgres cannot hold it.
        case "22021", "22P05":
            return Problem(.badRequest, code: "invalid_text", detail: "Text must not contain NUL characters.")
        case "40001", "40P01", "55P03": return .unavailable("Another change was under way. Try again.", retryAfter: 1)
        default: break
        }
        switch error.code {
        case .away, .connectionFailed, .connectionLost, .silent, .stopped: return BrownOut.database.problem
        case .poolTimeout, .overloaded: return .unavailable("The database is busy. Try again soon.")
        default: return error.isRetriable ? .unavailable() : nil
        }
    }
}
