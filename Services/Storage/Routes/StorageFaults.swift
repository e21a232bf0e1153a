import HTTP
import ObjectStore
import Postgres
import ServiceKit
import Telemetry

/// What faults of the stores mean to a client. On routes of tus each answer says `Tus-Resumable`.
enum StorageFaults {
    static func middleware(logger: Logger) -> Middleware {
        { request, next in
            let isTus = request.path.hasPrefix("/api/v1/uploads")
            do {
                var answer = try await next(request)
                if isTus { answer.headers.set("Tus-Resumable", TusProtocol.version) }
                return answer
            } catch  where isTus {
                var answer = Router.answer(to: problem(error) ?? error, logger: logger)
                answer.headers.set("Tus-Resumable", TusProtocol.version)
                return answer
            } catch {
                throw problem(error) ?? error
            }
        }
    }

    static func problem(_ error: any Error) -> Problem? {
        switch error {
        case let error as ObjectStoreError where error.code == .noSpace:
            Problem(
                .insufficientStorage, code: "storage_full",
                detail: "There is no room just now; what came is kept.", headers: ["Retry-After": "60"])
        case let error as ObjectStoreError where error.code == .unavailable: BrownOut.objectStore.problem
        case is PostgresTransactionError: DatabaseProblems.problem(for: error) ?? .unavailable()
        default: DatabaseProblems.problem(for: error)
        }
    }
}
