import FoundationEssentials
import Lifecycle
import Primitives
import Synchronization
import Telemetry

/// Sends what is due, several rows at a time. Any number of replicas share the ledger: each row is one's for a lease.
final class PublicationRunner: Service {
    let name = "publications"
    private let publications: PublicationTable
    private let sender: TargetSender
    private let slots: Int
    private let logger: Logger
    private let stopping = AsyncTrigger()
    private let bell = Bell()
    private let running = Mutex(0)
    /// How often it looks without being woken.
    private static let poll = Duration.milliseconds(500)

    init(publications: PublicationTable, sender: TargetSender, slots: Int, logger: Logger) {
        self.publications = publications
        self.sender = sender
        self.slots = slots
        self.logger = logger
    }

    /// Something may be due.
    @Sendable func wake() { bell.ring() }

    func stop() async {
        stopping.fire()
        wake()
    }

    func run() async throws {
        var failures = 0
        await withDiscardingTaskGroup { group in
            while !stopping.hasFired, !Task.isCancelled {
                let free = slots - running.withLock { $0 }
                do {
                    let due = free > 0 ? try await publications.claim(free) : []
                    failures = 0
                    running.withLock { $0 += due.count }
                    for entry in due {
                        group.addTask { [self] in
                            await sender.send(entry)
                            running.withLock { $0 -= 1 }
                            wake()
                        }
                    }
                    if due.isEmpty || due.count == free { await bell.wait(upTo: Self.poll) }
                } catch {
                    logger.warning("publications cannot be claimed", ["error": .string("\(error)")])
                    await bell.wait(upTo: Backoff(maximum: .seconds(5)).delay(attempt: failures))
                    failures += 1
                }
            }
            // Posts under way are finished: the group waits for them.
        }
    }
}
