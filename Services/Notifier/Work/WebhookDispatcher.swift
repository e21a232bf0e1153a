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

    init(_ postgres: PostgresClient, _ sender: WebhookSender, slots: Int, logger: Logger) {
        self.postgres = postgres
        self.sender = sender
        self.slots = slots
        self.logger = logger
    }

    func run() async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let listening = Task { [postgres] in for await _ in postgres.listen("webhook") { wake.yield() } }
        let ticking = Task { [stopped] in
            while !stopped.hasFired {
                wake.yield()
                await stopped.wait(upTo: .seconds(2))
            }
            wake.finish()
        }
        defer {
            listening.cancel()
            ticking.cancel()
        }
        await withTaskGroup(of: Void.self) { group in
            let free = SlotCount(slots)
            for await _ in wakes where !stopped.hasFired {
                let room = free.available
                guard room > 0 else { continue }
                for delivery in await claim(room) {
                    free.take()
                    group.addTask { [sender, logger] in
                        do { try await sender.send(delivery) } catch {
                            // The lease ends by itself, and the delivery is tried again.
                            logger.warning("webhook not noted", ["error": .string("\(error)")])
                        }
                        free.giveBack()
                        wake.yield()
                    }
                }
            }
            // What is under way has its own limit of time, and is waited for.
            await group.waitForAll()
        }
    }

    func stop() async { stopped.fire() }

    private func claim(_ limit: Int) async -> [DeliveryStore.Claimed] {
        do {
            return try await DeliveryStore.claim(limit: limit, lease: .seconds(90), on: postgres)
        } catch {
            logger.warning("webhooks not claimed", ["error": .string("\(error)")])
            return []
        }
    }
}
