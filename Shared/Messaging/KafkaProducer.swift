internal import CKafka
internal import Execution
internal import FoundationEssentials
public import Lifecycle
internal import Primitives
internal import Synchronization
public import Telemetry

/// Writes records: idempotent, acknowledged by all replicas in sync, in order within a key.
///
/// A record has no time limit of its own: while no broker answers it waits, in order, and whoever sent it waits too.
/// It fails only for good, or when the producer is stopped. The records that wait are bounded (20,000, 64 MiB).
public final class KafkaProducer: Service {
    /// The part's name in logs.
    public let name = "kafka-producer"
    private let settings: KafkaSettings
    private let logger: Logger
    private let admin: KafkaAdmin
    private let state: Mutex<State>
    private let stopped = AsyncTrigger()
    private let pool = BlockingPool(name: "kafka-producer", threads: 2, queueLimit: 100)

    private struct State {
        var instance: ProducerInstance
        /// Topics that exist, so that a record for a missing one never holds up the others.
        var topics: Set<String> = []
        var clusterID: String?
    }

    /// - Throws: ``KafkaError`` with `configuration`.
    public init(settings: KafkaSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        admin = try KafkaAdmin(settings: settings, logger: logger)
        state = Mutex(State(instance: try ProducerInstance(settings, logger)))
    }

    deinit { state.withLock { $0.instance.end() } }

    /// Keeps the producer until ``stop()``; then gives what waits ten seconds to be written.
    public func run() async throws {
        await stopped.wait()
        let instance = state.withLock { $0.instance }
        _ = try? await pool.run { rd_kafka_flush(instance.handle.pointer, 10_000) }
        instance.end()
    }

    /// Lets ``run()`` write what waits, and return.
    public func stop() async { stopped.fire() }

    /// Writes a record and waits for the acknowledgement.
    /// - Throws: ``KafkaError``.
    @discardableResult
    public func send(_ record: KafkaRecord) async throws -> RecordPosition { try await send([record])[0].get() }

    /// Writes records and waits until each has its answer, in the order given. Topics that are missing are made before.
    ///
    /// A cancelled task is answered at once; its records may still be written.
    public func send(_ records: [KafkaRecord]) async -> [Result<RecordPosition, KafkaError>] {
        if records.isEmpty { return [] }
        let missing = await prepare(Set(records.map(\.topic)))
        let instance: ProducerInstance
        do { instance = try usable() } catch {
            let failure = KafkaError(.configuration, "no producer", isRetriable: true)
            return records.map { _ in .failure(failure) }
        }
        let batch = DeliveryBatch(count: records.count)
        for (index, record) in records.enumerated() {
            let error = missing[record.topic] ?? instance.enqueue(record, DeliverySlot(batch, index))
            if let error { batch.report(index, .failure(error)) }
        }
        let results = await batch.results()
        let unknown = zip(records, results).filter { $0.1.failure?.code == .unknownTopic }.map(\.0.topic)
        if !unknown.isEmpty { state.withLock { $0.topics.subtract(unknown) } }
        return results
    }

    /// Makes topics that are not known to exist; returns why some could not be made.
    private func prepare(_ topics: Set<String>) async -> [String: KafkaError] {
        var failures: [String: KafkaError] = [:]
        for topic in topics.subtracting(state.withLock { $0.topics }) {
            do {
                try await admin.ensure([.outgoing(topic)])
                state.withLock { _ = $0.topics.insert(topic) }
            } catch {
                failures[topic] = error as? KafkaError ?? KafkaError(.broker, "\(error)", isRetriable: true)
            }
        }
        return failures
    }

    /// The id of the cluster as its brokers say it now.
    /// - Throws: ``KafkaError`` where no broker answers within `limit`.
    public func clusterID(within limit: Duration = .seconds(5)) async throws -> String? {
        let handle = try usable().handle
        let id: String? = try await pool.run {
            var metadata: UnsafePointer<rd_kafka_metadata>?
            let error = rd_kafka_metadata(handle.pointer, 0, nil, &metadata, Int32(limit.milliseconds))
            if let metadata { rd_kafka_metadata_destroy(metadata) }
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(error, "cluster id") }
            return handle.knownClusterID
        }
        return try noticed(id)
    }

    /// Another cluster knows neither this producer's sequence nor the topics: begins anew there.
    private func noticed(_ id: String?) throws -> String? {
        try state.withLock { state in
            if let id, let before = state.clusterID, before != id {
                logger.warning("another kafka cluster", ["cluster": .string(id)])
                let fresh = try ProducerInstance(settings, logger)
                state.instance.end()
                state.instance = fresh
                state.topics = []
            }
            state.clusterID = id ?? state.clusterID
        }
        return id
    }

    /// Records that wait or are under way.
    public var queued: Int { state.withLock { $0.instance }.queued }

    private func usable() throws -> ProducerInstance {
        try state.withLock { state in
            if state.instance.isBroken {
                let fresh = try ProducerInstance(settings, logger)
                state.instance.end()
                state.instance = fresh
            }
            return state.instance
        }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
