import FoundationEssentials
import Lifecycle
import ObjectStore
import Primitives
import ServiceKit
import Telemetry

/// Takes away, now and then, what nobody will ask for: uploads that were given up, objects that no row names.
struct Sweeper: Sendable {
    private let context: StorageContext
    private let garbage: GarbageStore

    init(_ context: StorageContext) {
        self.context = context
        garbage = GarbageStore(postgres: context.platform.postgres)
    }

    /// What runs: rounds, and now and then a look at all objects.
    func parts(every interval: Duration) -> [Periodic] {
        [
            Periodic("sweeper", every: interval, logger: context.platform.logger) {
                try await sweep()
                return false
            },
            Periodic("object audit", every: interval * 60, logger: context.platform.logger) {
                let ended = try await context.objects.sweepUnfinished(olderThan: context.settings.uploadLifetime) {
                    try await context.uploadParts.open(among: $0)
                }
                if ended > 0 {
                    context.platform.logger.info("unfinished objects ended", ["count": .int(Int64(ended))])
                }
                try await audit()
                return false
            },
        ]
    }

    /// One round.
    func sweep() async throws {
        let ended = try await context.uploads.sweep()
        let files = try await context.uploads.sweepFiles(olderThan: .seconds(86_400))
        for key in try await garbage.batch(limit: 1000) {
            try await context.objects.delete(key)
            try await garbage.remove(key)
        }
        try await garbage.purgeIntents()
        if ended + files > 0 {
            context.platform.logger.info(
                "swept", ["uploads": .int(Int64(ended)), "files": .int(Int64(files))])
        }
    }

    /// Finds objects that a process stored and died before it named them. A day old, for nothing takes longer.
    func audit(olderThan age: Duration = .seconds(86_400)) async throws {
        var last: String?
        while true {
            let page = try await context.objects.list(prefix: "", after: last, limit: 500)
            guard let end = page.last else { return }
            last = end.key
            let old = page.map(\.key).filter { ObjectKey($0)?.made.map { $0 < Date() - age.seconds } ?? false }
            let named = try await garbage.named(among: old)
            for key in old where !named.contains(key) { try await garbage.add(key) }
        }
    }
}
