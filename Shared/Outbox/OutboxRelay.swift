public import FoundationEssentials
public import Lifecycle
public import Messaging
public import Postgres
internal import Primitives
internal import Synchronization
public import Telemetry

/// Publishes outbox rows in order and sends each again until Kafka has acknowledged it.
///
/// One replica sends at a time, the one with the lease; rows go out in the order in which they were written, so that
/// the first copy of each event keeps the order of its key even where two replicas send for a moment. When the
/// brokers announce another cluster than the rows were sent to, what was sent within the window is sent again: a broker
/// that lost its log has lost nothing that the database knows, and every inbox ignores what it has handled.
public final class OutboxRelay: Service {
    /// The part's name in logs.
    public let name = "outbox relay"
    private let postgres: PostgresClient
    private let producer: KafkaProducer
    private let logger: Logger
    private let metrics: MetricsRegistry
    private let options: Options
    private let stopping = AsyncTrigger()
    private let work = Bell()
    private let owner = UUID.v7()
    private static let refusedHelp = "Events that Kafka refused for good."
    private let leaseUntil = Mutex(ContinuousClock.now)
    private let outage = Mutex(Outage())

    /// How the relay works.
    public struct Options: Sendable {
        /// Rows of one transaction.
        public var batch = 500
        /// The least time between two batches that are not full: what is written in it goes out as one. For events that
        /// are many and not waited for.
        public var pace = Duration.zero
        /// How often it looks without being woken: for rows of a process that died.
        public var idle = Duration.milliseconds(500)
        /// How far back rows are sent again to another cluster, and how long sent rows are kept.
        public var window = Duration.seconds(48 * 3600)
        /// How many sent rows are kept at most, however young: what the disk is given.
        public var kept = 1_000_000
        /// How often the cluster's id is asked for.
        public var clusterCheck = Duration.seconds(2)
        /// How long the lease of a relay that says nothing lasts: as long as events of a killed process wait.
        public var lease = Duration.seconds(3)
        /// The usual choice.
        public init() {}
    }

    /// A relay of one outbox; several replicas may run, one sends.
    public init(
        outbox: Outbox, postgres: PostgresClient, producer: KafkaProducer, options: Options = Options(),
        logger: Logger, metrics: MetricsRegistry = .shared
    ) {
        self.postgres = postgres
        self.producer = producer
        self.options = options
        self.logger = logger
        self.metrics = metrics
        outbox.onCommit { [work] in work.ring() }
        outbox.setEarlyPublisher { record in Task { _ = await producer.send([record]) } }
    }

    /// Since when no broker answers, so that events wait; `nil` where one does.
    public var brokerAwaySince: Date? { outage.withLock { $0.since } }

    /// Publishes until ``stop()``.
    public func run() async throws {
        // Beside the group: a send waits for as long as there is no broker, and a stop does not wait for that. What was
        // not marked as sent is sent again by the next process.
        let finished = AsyncTrigger()
        let sending = Task {
            await relay()
            finished.fire()
        }
        defer { sending.cancel() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.watchCluster() }
            group.addTask { await self.clean() }
            group.addTask { await self.measure() }
            await stopping.wait()
            work.ring()
            group.cancelAll()
        }
        // What is committed now goes out before the process ends, where the broker takes it in time.
        await finished.wait(upTo: .seconds(3))
        _ = try? await postgres.execute("DELETE FROM outbox_lease WHERE owner = \(owner)")
    }

    /// Lets what is committed go out, for three seconds at most.
    public func stop() async { stopping.fire() }

    private func relay() async {
        let backoff = Backoff(base: .milliseconds(50), maximum: .seconds(2))
        var failures = 0
        while true {
            do {
                let sent = try await sendBatch()
                failures = 0
                if sent == options.batch { continue }
                if sent > 0, options.pace > .zero { await stopping.wait(upTo: options.pace) }
            } catch {
                if Task.isCancelled { return }
                failures += 1
                if failures == 3 { logger.warning("events wait for the broker", ["error": .string("\(error)")]) }
                if stopping.hasFired { return }
                await stopping.wait(upTo: backoff.delay(attempt: failures))
                continue
            }
            if stopping.hasFired { return }
            await work.wait(upTo: options.idle)
        }
    }

    /// Sends the oldest unsent rows; how many there were.
    private func sendBatch() async throws -> Int {
        let rows = try await postgres.query(
            """
            SELECT seq, event_id, topic, key, headers, value FROM outbox WHERE sent_at IS NULL
            ORDER BY seq LIMIT \(options.batch)
            """)
        guard !rows.isEmpty, try await holdLease() else { return 0 }
        let found = try rows.map { row -> (seq: Int64, entry: OutboxEntry) in
            let (seq, id, topic, key, headers, value) = try row.decode(
                (Int64, UUID, String, String, JSONValue, Data).self)
            let text = (headers.objectValue ?? [:]).compactMapValues(\.stringValue)
            return (seq, OutboxEntry(id: id, topic: topic, key: key, headers: text, value: value))
        }
        Failpoint.hit("outbox.before_publish")
        let start = Date()
        let results = await send(found.map(\.entry.record))
        Failpoint.hit("outbox.before_mark")
        var acknowledged: [Int64] = []
        var failure: KafkaError?
        for (row, result) in zip(found, results) {
            switch result {
            case .success(let position):
                acknowledged.append(row.seq)
                recordSpan(row.entry, at: position, since: start)
            case .failure(let error) where !error.isRetriable: try await giveUp(row.seq, row.entry, error)
            case .failure(let error): failure = failure ?? error
            }
        }
        if !acknowledged.isEmpty {
            // Without a flush of its own: where Postgres dies before the next one, the rows are sent again, and every
            // inbox knows them.
            try await postgres.execute(
                """
                UPDATE outbox SET sent_at = now()
                FROM (SELECT set_config('synchronous_commit', 'off', true)) AS this_transaction
                WHERE seq = ANY(\(acknowledged))
                """)
            metrics.count("outbox_published_total", "Events that Kafka acknowledged.", by: Double(acknowledged.count))
        }
        // Rows that failed stay; the next look begins with them.
        if let failure { throw failure }
        return acknowledged.count
    }

    /// Shows, beside the spans of those who handle the event, when the broker had it.
    private func recordSpan(_ entry: OutboxEntry, at position: RecordPosition, since start: Date) {
        guard SpanExport.isInstalled, let cause = entry.headers["traceparent"].flatMap({ Trace(traceparent: $0) }),
            cause.sampled
        else { return }
        SpanExport.record(
            Span(
                trace: cause.child(), parentID: cause.spanID, service: logger.service, name: "send \(entry.topic)",
                start: start, end: Date(),
                attributes: [
                    "messaging.system": "kafka", "messaging.operation.type": "send",
                    "messaging.operation.name": "send", "messaging.destination.name": entry.topic,
                    "messaging.destination.partition.id": String(position.partition),
                    "messaging.kafka.offset": String(position.offset), "messaging.message.id": entry.id.text,
                    "messaging.message.body.size": String(entry.value.count),
                ], kind: .producer, failed: false))
    }

    /// A row that Kafka will never take must not hold up the others: it stays, with the reason, for an operator.
    private func giveUp(_ seq: Int64, _ entry: OutboxEntry, _ error: KafkaError) async throws {
        logger.error(
            "event cannot be published",
            ["event_id": .string(entry.id.text), "topic": .string(entry.topic), "error": .string("\(error)")])
        metrics.count("outbox_refused_total", Self.refusedHelp)
        try await postgres.execute(
            "UPDATE outbox SET sent_at = 'infinity', failure = \(error.description) WHERE seq = \(seq)")
    }

    /// Sends, and renews the lease for as long as the broker lets us wait.
    private func send(_ records: [KafkaRecord]) async -> [Result<RecordPosition, KafkaError>] {
        let renewal = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: options.lease / 6)
                _ = try? await holdLease()
            }
        }
        defer { renewal.cancel() }
        return await producer.send(records)
    }

    /// Takes or renews the lease; false where another replica has it.
    private func holdLease() async throws -> Bool {
        guard leaseUntil.withLock({ $0 }) < ContinuousClock.now + options.lease / 2 else { return true }
        let held = try await postgres.execute(
            """
            INSERT INTO outbox_lease (owner, until) VALUES (\(owner), now() + make_interval(secs => \(options.lease.seconds)))
            ON CONFLICT (only_row) DO UPDATE SET owner = excluded.owner, until = excluded.until
            WHERE outbox_lease.owner = excluded.owner OR outbox_lease.until < now()
            """)
        if held > 0 { leaseUntil.withLock { $0 = .now + options.lease } }
        return held > 0
    }

    /// Notices another cluster, and sends again what was sent to the one before.
    private func watchCluster() async {
        while !Task.isCancelled, !stopping.hasFired {
            do {
                if let id = try await askForCluster(), !id.isEmpty { try await compare(id) }
            } catch {
                logger.debug("cluster id unknown", ["error": .string("\(error)")])
            }
            await stopping.wait(upTo: options.clusterCheck)
        }
    }

    /// The id of the cluster; notes whether a broker answered at all.
    private func askForCluster() async throws -> String? {
        let began = ContinuousClock.now
        do {
            let id = try await producer.clusterID(within: .seconds(2))
            if outage.withLock({ $0.succeeded() }) { logger.info("the broker is back") }
            return id
        } catch {
            if !Task.isCancelled, outage.withLock({ $0.failed(began: began) }) {
                logger.warning("the broker is away", ["error": .string("\(error)")])
            }
            throw error
        }
    }

    private func compare(_ id: String) async throws {
        let before = try await postgres.query("SELECT cluster_id FROM outbox_cluster").first?.decode(String.self)
        guard before != id else { return }
        let again = try await postgres.withTransaction { tx in
            // Whoever changes the row first sends again; the other replicas find it changed.
            let changed = try await tx.execute(
                """
                INSERT INTO outbox_cluster (cluster_id) VALUES (\(id))
                ON CONFLICT (only_row) DO UPDATE SET cluster_id = excluded.cluster_id
                WHERE outbox_cluster.cluster_id <> excluded.cluster_id
                """)
            guard changed > 0, before != nil else { return 0 }
            return try await tx.execute(
                """
                UPDATE outbox SET sent_at = NULL
                WHERE sent_at > now() - make_interval(secs => \(options.window.seconds)) AND sent_at < 'infinity'
                """)
        }
        guard before != nil else { return }
        logger.warning("another Kafka cluster: events are sent again", ["count": .init(again)])
        metrics.count("outbox_resent_total", "Events sent again to another cluster.", by: Double(again))
        work.ring()
    }

    /// Deletes a bounded piece of what is older than the window or beyond the number of rows; how much it was.
    private func cleanOnce() async throws -> Int {
        let seconds = options.window.seconds
        let old = try await postgres.execute(
            """
            DELETE FROM outbox WHERE seq IN (
                SELECT seq FROM outbox WHERE sent_at < now() - make_interval(secs => \(seconds)) LIMIT 5000)
            """)
        let many = try await postgres.execute(
            """
            DELETE FROM outbox WHERE seq IN (
                SELECT seq FROM outbox
                WHERE sent_at < 'infinity' AND seq < (SELECT max(seq) FROM outbox) - \(options.kept)
                ORDER BY seq LIMIT 5000)
            """)
        // Kept longer than rows can be sent again.
        let handled = try await postgres.execute(
            """
            DELETE FROM inbox WHERE (consumer, event_id) IN (
                SELECT consumer, event_id FROM inbox
                WHERE handled_at < now() - make_interval(secs => \(seconds * 4)) LIMIT 5000)
            """)
        return max(old, many, handled)
    }

    /// Counts what waits. Every replica does, of the same table.
    private func measure() async {
        metrics.count("outbox_refused_total", Self.refusedHelp, by: 0)
        while !Task.isCancelled, !stopping.hasFired {
            do {
                let (count, age) = try await OutboxReport.waiting(in: postgres)
                metrics.gauge("outbox_waiting", "Events not yet acknowledged by Kafka.", [:], Double(count))
                metrics.gauge(
                    "outbox_oldest_age_seconds", "Age of the oldest event that Kafka has not acknowledged.", [:],
                    max(0, age ?? 0))
            } catch {
                logger.debug("outbox was not measured", ["error": .string("\(error)")])
            }
            await stopping.wait(upTo: .seconds(5))
        }
    }

    /// Deletes what nobody needs any more, now and then.
    private func clean() async {
        while !Task.isCancelled, !stopping.hasFired {
            do {
                while try await cleanOnce() >= 5000, !stopping.hasFired {}
            } catch {
                logger.debug("outbox was not cleaned", ["error": .string("\(error)")])
            }
            await stopping.wait(upTo: .seconds(30))
        }
    }
}
