import Crypto
import FoundationEssentials
import HTTP
import ObjectStore
import Postgres
import Primitives

/// Holds objects and rows against each other. It reads while the service works: what is younger than a day may be on
/// its way and is not judged, and what seems missing is looked for twice.
struct Scan: Sendable {
    let store: ScanStore
    let garbage: GarbageStore
    let objects: any ObjectStore
    /// Of each so many rows one has its content compared; 0 for none.
    var comparesEach = 0
    var limit = 20
    var applies = false
    var grace = Duration.seconds(86_400)
    var page = 1000

    /// Looks at everything once.
    /// - Throws: `ObjectStoreError`, `PostgresError`.
    func run() async throws -> Report {
        var report = Report()
        try await lookAtObjects(&report)
        try await lookAtRows(&report)
        (report.uploadsOpen, report.uploadsExpired) = try await store.uploads()
        for key in try await store.namedGarbage() {
            report.condemned.add(key, limit: limit)
            if applies {
                try await garbage.remove(key)
                report.condemned.repaired += 1
            }
        }
        for workspace in try await store.miscounted() {
            report.counts.add(workspace.text, limit: limit)
            if applies {
                try await store.recount(workspace)
                report.counts.repaired += 1
            }
        }
        return report
    }

    private func lookAtObjects(_ report: inout Report) async throws {
        var last: String?
        while true {
            let found = try await objects.list(prefix: "", after: last, limit: page)
            guard let end = found.last else { return }
            last = end.key
            let keys = found.map(\.key)
            let named = try await store.entries(among: keys)
            let waiting = try await store.garbage(among: keys)
            for object in found {
                report.objects += 1
                report.bytes += object.size
                if let row = named[object.key] {
                    if row.size != object.size {
                        report.sizes.add("\(object.key): \(object.size) bytes, not \(row.size)", limit: limit)
                    }
                } else if waiting.contains(object.key) {
                    report.waiting += 1
                } else if let made = ObjectKey(object.key)?.made {
                    guard made < Date() - grace.seconds else { continue }
                    report.orphans.add(object.key, limit: limit)
                    if applies, try await garbage.add(object.key) { report.orphans.repaired += 1 }
                } else {
                    report.foreign.add(object.key, limit: limit)
                }
            }
        }
    }

    private func lookAtRows(_ report: inout Report) async throws {
        var last = ""
        while true {
            let found = try await store.entries(after: last, limit: page)
            guard let end = found.last else { return }
            last = end.key
            for row in found {
                report.rows += 1
                guard let object = try await objects.info(row.key) else {
                    // Deleted since the row was read?
                    if try await store.entries(among: [row.key]).isEmpty { continue }
                    report.missing.add(row.key, limit: limit)
                    continue
                }
                guard comparesEach > 0, report.rows % comparesEach == 0, object.size == row.size else { continue }
                do {
                    let hash = SHA256()
                    for try await piece in try await objects.read(row.key, range: nil) { hash.update(piece) }
                    report.compared += 1
                    if hash.finalize() != row.sha256 { report.digests.add(row.key, limit: limit) }
                } catch let error as ObjectStoreError where error.code == .notFound {
                    // Deleted since.
                }
            }
        }
    }
}
