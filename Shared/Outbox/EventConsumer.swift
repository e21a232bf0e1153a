internal import Events
internal import FoundationEssentials
public import Lifecycle
public import Messaging
public import Postgres
public import Primitives
public import Telemetry

/// Consumes a service's events: effects and the note that an event is handled commit in one transaction, and the offset
/// is stored after that (transactional inbox).
///
/// A batch is handled in one transaction. Where one of its events fails, the batch is undone and its events are handled
/// one by one; what fails then is parked and tried again with growing waits, its key's later events behind it, all other
/// keys going on. What cannot be read, or failed too often, goes to the dead letters.
public final class EventConsumer: Service {
    /// The part's name in logs.
    public let name = "event consumer"
    private let group: String
    private let handlers: [String: Subscription]
    private let inbox: Inbox
    private let outbox: Outbox
    private let postgres: PostgresClient
    private let logger: Logger
    private let metrics: MetricsRegistry
    private let options: Options
    private let stopping = AsyncTrigger()
    /// Rings when an event was parked here.
    private let parking = Bell()
    private let settings: KafkaSettings

    /// How events are tried again.
    public struct Options: Sendable {
        /// Tries in all, the first included, before an event goes to the dead letters.
        public var attempts = 8
        /// The waits between tries.
        public var backoff = Backoff(base: .milliseconds(500), maximum: .seconds(60))
        /// How long one event's handler may take.
        public var limit = Duration.seconds(30)
        /// The least time between two transactions of a partition's events: what comes in it is handled in one. For
        /// those who handle much and are not waited for.
        public var pace = Duration.zero
        /// How often it is counted what waits to be tried again; what lies in the dead letters, every fourth time.
        public var measuring = Duration.seconds(15)
        /// The usual choice.
        public init() {}
    }

    /// - Parameter group: the name under which replicas share the work, and the inbox's.
    public init(
        group: String, subscriptions: [Subscription], settings: KafkaSettings, outbox: Outbox,
        postgres: PostgresClient, faults: DeliveryFaults = .none, options: Options = Options(),
        logger: Logger, metrics: MetricsRegistry = .shared
    ) {
        self.group = group
        // A topic and type has one handler in a service: two effects of one event stand in one handler.
        handlers = Dictionary(
            uniqueKeysWithValues: subscriptions.flatMap { one in one.topics.map { ("\($0)/\(one.type)", one) } })
        inbox = Inbox(consumer: group, isOff: faults.inboxOff)
        self.outbox = outbox
        self.postgres = postgres
        self.settings = settings
        self.options = options
        self.logger = logger
        self.metrics = metrics
    }

    private var topics: [String] { Set(handlers.values.flatMap(\.topics)).sorted() }

    /// Consumes until ``stop()``.
    public func run() async throws {
        try await prepareTopics()
        guard !stopping.hasFired else { return }
        for topic in topics { for outcome in ["parked", "dead"] { count(topic, outcome, by: 0) } }
        let consumer = KafkaConsumer(
            settings: settings, group: group, topics: topics, pace: options.pace, logger: logger
        ) { [self] batch in try await take(batch) }
        // Beside the group: a stop does not wait for a question to a broker that is away.
        let measuring = Task { await self.measure() }
        defer { measuring.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await consumer.run() }
            group.addTask { await self.retryParked() }
            await stopping.wait()
            await consumer.stop()
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }

    /// Lets batches under way end.
    public func stop() async { stopping.fire() }

    /// Topics that are missing are made; a broker that is away is waited for.
    private func prepareTopics() async throws {
        let backoff = Backoff(base: .milliseconds(100), maximum: .seconds(2))
        var attempt = 0
        while !stopping.hasFired {
            do {
                return try await KafkaAdmin(settings: settings, logger: logger).ensure(
                    topics.map { TopicSpecification($0) })
            } catch {
                try Task.checkCancellation()
                if attempt == 5 { logger.warning("waiting for the broker", ["error": .string("\(error)")]) }
                await stopping.wait(upTo: backoff.delay(attempt: attempt))
                attempt += 1
            }
        }
    }

    // MARK: One batch

    private struct Failure: Error {
        let event: IncomingEvent
        let cause: any Error
    }

    func take(_ batch: [ReceivedRecord]) async throws {
        var events: [IncomingEvent] = []
        var dead: [OutboxEntry] = []
        for message in batch {
            do {
                // What another service had in its dead letters and tries again is none of ours.
                if let target = message.header(DeadLetters.groupHeader), target != group { continue }
                let event = try IncomingEvent(message)
                if handlers["\(event.topic)/\(event.type)"] != nil {
                    events.append(event)
                } else if !EventRegistry.messageNames.contains(event.type) {
                    // A known type without a handler here is others' business; one that nobody knows is a fault.
                    dead.append(deadLetter(message, reason: "event unknown_type: there is no such message"))
                }
            } catch {
                dead.append(deadLetter(message, reason: "\(error)"))
            }
        }
        do {
            try await handle(events, dead: dead)
        } catch let failure as Failure {
            guard !Self.isPassing(failure.cause) else { throw failure.cause }
            try await handle([], dead: dead)
            for event in events { try await handleAlone(event) }
        }
        for message in batch { count(message.topic, "taken") }
    }

    /// Handles events in one transaction: all of them or none.
    private func handle(_ events: [IncomingEvent], dead: [OutboxEntry]) async throws {
        guard !events.isEmpty || !dead.isEmpty else { return }
        try await postgres.withTransaction { tx in
            try await outbox.append(dead, in: tx)
            guard !events.isEmpty else { return }
            let found = try await inbox.claim(events, in: tx)
            var new = found.new
            for event in events where new.contains(event.id) {
                // The same event twice in one batch is handled once.
                if !inbox.isOff { new.remove(event.id) }
                do { try await run(event, tx) } catch { throw Failure(event: event, cause: error) }
            }
            for event in events where found.blocked.contains(event.key) {
                try await inbox.park(event, attempts: 0, error: "waits behind another", delay: .zero, in: tx)
            }
            Failpoint.hit("inbox.before_commit")
        }
        Failpoint.hit("inbox.after_commit")
    }

    /// Handles one event in a transaction of its own; where it fails, it is parked or buried.
    private func handleAlone(_ event: IncomingEvent) async throws {
        do {
            try await handle([event], dead: [])
        } catch let failure as Failure {
            guard !Self.isPassing(failure.cause) else { throw failure.cause }
            try await postgres.withTransaction { tx in
                if failure.cause is EventRejected {
                    if try await inbox.claim([event.id], in: tx).contains(event.id) {
                        try await bury(event, reason: "\(failure.cause)", in: tx)
                    }
                } else {
                    count(event.topic, "parked")
                    try await inbox.park(
                        event, attempts: 1, error: String("\(failure.cause)".prefix(500)),
                        delay: options.backoff.delay(attempt: 0), in: tx)
                }
            }
            parking.ring()
        }
    }

    private func run(_ event: IncomingEvent, _ tx: PostgresTransaction) async throws {
        guard let handler = handlers["\(event.topic)/\(event.type)"] else { return }
        let start = ContinuousClock.now
        var outcome = "handled"
        defer {
            let seconds = (ContinuousClock.now - start).seconds
            metrics.observe(
                "event_handling_seconds", "Time that a handler took.", ["type": event.type, "outcome": outcome],
                seconds)
            metrics.observe(
                "event_age_seconds", "Age of an event when it was handled.", ["type": event.type],
                max(0, Date().timeIntervalSince(event.envelope.time)))
        }
        do {
            try await withSpan(
                "handle \(event.type)", service: group, parent: event.envelope.trace,
                attributes: [
                    "messaging.system": "kafka", "messaging.operation.type": "process",
                    "messaging.operation.name": "handle", "messaging.destination.name": event.topic,
                    "messaging.consumer.group.name": group,
                    "messaging.destination.partition.id": String(event.partition),
                    "messaging.kafka.offset": String(event.offset), "messaging.message.id": event.id.text,
                    "messaging.message.body.size": String(event.envelope.payload.count),
                ], kind: .consumer
            ) { _ in try await handler.handle(event, tx) }
        } catch {
            outcome = "failed"
            throw error
        }
    }

    // MARK: Later

    private func retryParked() async {
        while !Task.isCancelled {
            // Another replica may park some, too: without a ring they are seen all the same.
            var wait = Duration.seconds(2)
            do {
                if let due = try await inbox.untilDue(in: postgres) {
                    if due <= .zero, try await retryOne() { continue }
                    // One that is due and was not taken stands behind an earlier one of its key, or is in other hands.
                    wait = min(wait, max(due, .milliseconds(250)))
                }
            } catch {
                logger.debug("parked events were not looked at", ["error": .string("\(error)")])
            }
            await parking.wait(upTo: wait)
        }
    }

    /// Tries the next parked event; false where none is due.
    private func retryOne() async throws -> Bool {
        try await postgres.withTransaction { tx in
            guard let parked = try await inbox.nextParked(in: tx) else { return false }
            do {
                try await tx.savepoint {
                    if try await inbox.claim([parked.event.id], in: tx).contains(parked.event.id) {
                        try await run(parked.event, tx)
                    }
                }
                try await inbox.remove(parked, in: tx)
            } catch {
                if Self.isPassing(error) { throw error }
                if error is EventRejected || parked.attempts + 1 >= options.attempts {
                    try await inbox.remove(parked, in: tx)
                    _ = try await inbox.claim([parked.event.id], in: tx)
                    try await bury(
                        parked.event, reason: "failed \(parked.attempts + 1) times: \(error)", in: tx)
                } else {
                    try await inbox.postpone(
                        parked, error: String("\(error)".prefix(500)),
                        delay: options.backoff.delay(attempt: parked.attempts), in: tx)
                }
            }
            return true
        }
    }

    private func bury(_ event: IncomingEvent, reason: String, in tx: PostgresTransaction) async throws {
        count(event.topic, "dead")
        logger.error(
            "event goes to the dead letters",
            ["type": .string(event.type), "topic": .string(event.topic), "reason": .string(reason)])
        let entry = DeadLetters.entry(
            topic: event.topic, partition: event.partition, offset: event.offset, key: event.key,
            headers: event.headers, value: event.envelope.payload, group: group, reason: reason)
        try await outbox.append([entry], in: tx)
    }

    private func deadLetter(_ message: ReceivedRecord, reason: String) -> OutboxEntry {
        count(message.topic, "dead")
        logger.error(
            "message goes to the dead letters",
            [
                "topic": .string(message.topic), "partition": .init(message.partition),
                "offset": .init(message.offset), "reason": .string(reason),
            ])
        return DeadLetters.entry(
            topic: message.topic, partition: message.partition, offset: message.offset, key: message.keyText,
            headers: message.headerTexts, value: message.value ?? Data(), group: group, reason: reason)
    }

    private func count(_ topic: String, _ outcome: String, by amount: Double = 1) {
        metrics.count(
            "events_consumed_total", "Events by what became of them.", ["topic": topic, "outcome": outcome],
            by: amount)
    }

    /// Now and then: what waits in the inbox and, less often, in the dead letters.
    private func measure() async {
        for round in 0... {
            await stopping.wait(upTo: options.measuring)
            guard !stopping.hasFired, !Task.isCancelled else { return }
            do {
                let rows = try await postgres.query(
                    "SELECT count(*) FROM inbox_parked WHERE consumer = \(group) AND attempts > 0")
                metrics.gauge(
                    "events_parked", "Events that failed and are tried again later.", [:],
                    Double(try rows.first?.decode(Int.self) ?? 0))
                guard round % 4 == 0 else { continue }
                let depths = try await DeadLetters.depths(of: topics, group: group, settings: settings, logger: logger)
                for (topic, depth) in depths {
                    metrics.gauge(
                        "dead_letters", "Dead letters that were not sent back yet, by the topic that they came from.",
                        ["topic": topic], Double(depth))
                }
            } catch {
                logger.debug("what waits was not measured", ["error": .string("\(error)")])
            }
        }
    }

    /// Whether the database is away or busy: then the event has no fault, and the batch comes again as it was.
    static func isPassing(_ error: any Error) -> Bool {
        if error is CancellationError { return true }
        if let error = error as? PostgresError { return error.isRetriable || error.outcomeUnknown }
        if let error = error as? PostgresTransactionError { return error.isRetriable || error.rollback != nil }
        return false
    }
}
