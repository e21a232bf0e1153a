import FoundationEssentials
import Lifecycle
import Postgres
import Primitives
import Telemetry

/// Sends webhooks from their ledger: one at a time to each receiver, many receivers at once.
final class WebhookDispatcher: Service {
    let name = "webhooks"
    private let postgres: PostgresClient
    private let sender: WebhookSender
    private let slots: Int
    private let logger: Logger
    private let stopped = AsyncTrigger()
    private let bell = Bell()

    init(_ postgres: PostgresClient, _ sender: WebhookSender, slots: Int, logger: Logger) {
        self.postgres = postgres
        self.sender = sender
        self.slots = slots
        self.logger = logger
    }

    func run() async throws {
        let listening = Task { [postgres, bell] in for await _ in postgres.listen("webhook") { bell.ring() } }
        defer { listening.cancel() }
        let free = SlotCount(slots)
        // What is under way has its own limit of time: the group waits for it.
        await withDiscardingTaskGroup { group in
            while !stopped.hasFired, !Task.isCancelled {
                let room = free.available
                for delivery in room > 0 ? await claim(room) : [] {
                    free.take()
                    group.addTask { [sender, logger, bell] in
                        do { try await sender.send(delivery) } catch {
                            // The lease ends by itself, and the delivery is tried again.
                            logger.warning("webhook not noted", ["error": .string("\(error)")])
                        }
                        free.giveBack()
                        bell.ring()
                    }
                }
                await bell.wait(upTo: .seconds(2))
            }
        }
    }

    func stop() async {
        stopped.fire()
        bell.ring()
    }

    private func claim(_ limit: Int) async -> [DeliveryStore.Claimed] {
        do {
            return try await DeliveryStore.claim(limit: limit, lease: .seconds(90), on: postgres)
        } catch {
            logger.warning("webhooks not claimed", ["error": .string("\(error)")])
            return []
        }
    }
}
