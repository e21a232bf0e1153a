import FoundationEssentials
import HTTP
import ObjectStore
import Postgres
import Primitives

extension UploadDesk {
    /// Ends what nobody goes on with.
    /// - Returns: how many uploads were ended.
    func sweep() async throws -> Int {
        let expired = try await store.expired(limit: 500)
        for upload in expired {
            do {
                try await content.alone(upload.id, patience: .zero) { _ in
                    let isOver = try await store.postgres.withTransaction { try await store.expire(upload.id, in: $0) }
                    if isOver { try await content.remove(upload) }
                }
            } catch let problem as Problem where problem.status == .locked {
                // Somebody goes on with it after all.
            }
        }
        try await store.purge()
        return expired.count
    }

    /// Takes away staged files that no open upload has: of uploads that ended while a process died.
    func sweepFiles(olderThan age: Duration) async throws -> Int {
        let old = try await staging.all().filter { $0.changedAt < Date() - age.seconds }.map(\.id)
        var removed = 0
        for start in stride(from: 0, to: old.count, by: 500) {
            let ids = Array(old[start..<min(start + 500, old.count)])
            let open = try await store.open(among: ids)
            for id in ids where !open.contains(id) {
                try await staging.file(id).remove()
                removed += 1
            }
        }
        return removed
    }
}
