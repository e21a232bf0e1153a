internal import CKafka
internal import Dispatch
internal import FoundationEssentials
internal import Primitives
internal import Synchronization
internal import Telemetry

/// The thread of a consumer: polls, hands records to the partitions' tasks, follows rebalances and changes of cluster.
final class ConsumerCore: Sendable {
    struct Partition: Hashable {
        let topic: String
        let number: Int32
    }

    private struct State {
        var queues: [Partition: PartitionQueue] = [:]
        var handle: KafkaHandle?
        /// Partitions to read from their beginning when they come: set after the cluster was found to be another one.
        var startsAnew = false
        var begun: Set<Partition> = []
        var isBroken = false
    }

    private let settings: KafkaSettings
    private let group: String
    private let topics: [String]
    private let batchLimit: Int
    private let pace: Duration
    private let ends: [RecordPosition]?
    private let logger: Logger
    private let handler: KafkaConsumer.Handler
    private let state = Mutex(State())
    private let isStopped = Atomic(false)

    init(
        settings: KafkaSettings, group: String, topics: [String], batchLimit: Int, pace: Duration,
        ends: [RecordPosition]?, logger: Logger, handler: @escaping KafkaConsumer.Handler
    ) {
        self.settings = settings
        self.group = group
        self.topics = topics
        self.batchLimit = batchLimit
        self.pace = pace
        self.ends = ends
        self.logger = logger
        self.handler = handler
    }

    func stop() { isStopped.store(true, ordering: .releasing) }
    private var mustStop: Bool { isStopped.load(ordering: .acquiring) }
    var assignedPartitions: Int { state.withLock { $0.queues.count } }

    /// Runs until ``stop()``; makes a new client after a fatal error and after a change of cluster.
    func loop() {
        var attempt = 0
        let backoff = Backoff(base: .milliseconds(200), maximum: .seconds(5))
        while !mustStop {
            do {
                try session()
                attempt = 0
            } catch {
                logger.warning("kafka consumer", ["group": .string(group), "error": .string("\(error)")])
                Thread.pause(backoff.delay(attempt: attempt), unless: isStopped)
                attempt += 1
            }
        }
    }

    /// One client, from joining the group to leaving it.
    private func session() throws {
        let handle = try KafkaHandle(consumer: true, properties, callbacks())
        state.withLock { state in
            state.handle = handle
            state.isBroken = false
        }
        defer { closeAll() }
        let list = rd_kafka_topic_partition_list_new(Int32(topics.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for topic in topics { rd_kafka_topic_partition_list_add(list, topic, -1) }
        let error = rd_kafka_subscribe(handle.pointer, list)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(error, "subscribe") }
        var clusterID: String?
        var nextCheck = ContinuousClock.now
        while !mustStop {
            if let message = rd_kafka_consumer_poll(handle.pointer, 50) {
                take(message, handle)
                rd_kafka_message_destroy(message)
            }
            guard ContinuousClock.now >= nextCheck else { continue }
            nextCheck = .now + .milliseconds(100)
            resumePartitions(handle)
            if state.withLock({ $0.isBroken }) { throw KafkaError(.broker, "fatal error", isRetriable: true) }
            let now = handle.knownClusterID
            if let known = clusterID, let now, now != known {
                logger.warning("another kafka cluster", ["group": .string(group), "cluster": .string(now)])
                // What is stored belongs to the old log: nothing may be committed, everything is read again.
                state.withLock { state in
                    state.startsAnew = true
                    state.begun = []
                }
                return
            }
            clusterID = now ?? clusterID
        }
        // Leaves the group in order: revokes, which waits for batches under way and commits what they stored.
        rd_kafka_consumer_close(handle.pointer)
    }

    private var properties: [(String, String)] {
        settings.properties + [
            ("client.id", logger.service), ("group.id", group),
            ("partition.assignment.strategy", "cooperative-sticky"), ("enable.auto.offset.store", "false"),
            ("enable.auto.commit", "true"), ("auto.commit.interval.ms", "1000"), ("auto.offset.reset", "earliest"),
            ("session.timeout.ms", "10000"), ("heartbeat.interval.ms", "2000"),
            ("max.poll.interval.ms", String(settings.maxPollInterval.milliseconds)),
            ("fetch.wait.max.ms", String(settings.fetchWait.milliseconds)), ("fetch.error.backoff.ms", "100"),
            ("queued.min.messages", "1000"),
            ("queued.max.messages.kbytes", "16384"), ("fetch.message.max.bytes", "1048576"),
            ("reconnect.backoff.ms", "50"), ("reconnect.backoff.max.ms", "1000"), ("socket.keepalive.enable", "true"),
            ("socket.nagle.disable", "true"),
            ("topic.metadata.refresh.interval.ms", "10000"), ("allow.auto.create.topics", "true"),
            ("log.connection.close", "false"),
        ]
    }

    private func callbacks() -> KafkaCallbacks {
        KafkaCallbacks(
            logger: logger,
            onError: { [weak self, logger] error in
                if error.isFatal { self?.state.withLock { $0.isBroken = true } }
                logger.warning("kafka consumer", ["error": .string(error.description)])
            },
            onRebalance: { [weak self] client, event, partitions in
                guard let self, let client, let partitions else { return }
                if event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                    assign(client, partitions)
                } else {
                    revoke(client, partitions)
                }
            })
    }

    private func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ handle: KafkaHandle) {
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let error = KafkaError(message.pointee.err)
            logger.info("kafka consumer", ["group": .string(group), "error": .string(error.description)])
            return
        }
        let record = ReceivedRecord(message)
        // Neither handled nor counted as done.
        if let ends, !ends.contains(where: { $0.partition == record.partition && record.offset < $0.offset }) { return }
        let partition = Partition(topic: record.topic, number: record.partition)
        guard let queue = state.withLock({ $0.queues[partition] }) else { return }
        if queue.add(record) == .pause { setPaused(true, [partition], handle) }
    }

    private func resumePartitions(_ handle: KafkaHandle) {
        let queues = state.withLock { $0.queues }
        let free = queues.filter { $0.value.flow() == .resume }.map(\.key)
        if !free.isEmpty { setPaused(false, free, handle) }
    }

    private func setPaused(_ pause: Bool, _ partitions: [Partition], _ handle: KafkaHandle) {
        let list = rd_kafka_topic_partition_list_new(Int32(partitions.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in partitions { rd_kafka_topic_partition_list_add(list, partition.topic, partition.number) }
        if pause {
            rd_kafka_pause_partitions(handle.pointer, list)
        } else {
            rd_kafka_resume_partitions(handle.pointer, list)
        }
    }

    // MARK: Rebalancing, on the thread that polls

    private func assign(_ client: OpaquePointer, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        for index in 0..<Int(list.pointee.cnt) {
            let element = list.pointee.elems + index
            let partition = Partition(topic: String(cString: element.pointee.topic), number: element.pointee.partition)
            let queue = PartitionQueue(batchLimit: batchLimit)
            let fromBeginning = state.withLock { state in
                state.queues[partition] = queue
                return state.startsAnew && state.begun.insert(partition).inserted
            }
            if fromBeginning { element.pointee.offset = atelier_kafka_offset_beginning }
            guard let handle = state.withLock({ $0.handle }) else { continue }
            Task { await serve(partition, queue, handle) }
        }
        if let error = rd_kafka_incremental_assign(client, list) { rd_kafka_error_destroy(error) }
    }

    private func revoke(_ client: OpaquePointer, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        var closing: [PartitionQueue] = []
        for index in 0..<Int(list.pointee.cnt) {
            let element = list.pointee.elems[index]
            let partition = Partition(topic: String(cString: element.topic), number: element.partition)
            if let queue = state.withLock({ $0.queues.removeValue(forKey: partition) }) { closing.append(queue) }
        }
        closing.forEach { $0.close() }
        if rd_kafka_assignment_lost(client) == 0 {
            // Batches under way get a while to commit, so that whoever comes next does not repeat them.
            let deadline = ContinuousClock.now + .seconds(5)
            while closing.contains(where: { !$0.isIdle }), ContinuousClock.now < deadline {
                Thread.pause(.milliseconds(2))
            }
            rd_kafka_commit(client, nil, 0)
        }
        if let error = rd_kafka_incremental_unassign(client, list) { rd_kafka_error_destroy(error) }
    }

    private func closeAll() {
        let queues = state.withLock { state in
            state.handle = nil
            defer { state.queues = [:] }
            return Array(state.queues.values)
        }
        queues.forEach { $0.close() }
    }

    // MARK: Handling, one task for each partition

    private func serve(_ partition: Partition, _ queue: PartitionQueue, _ handle: KafkaHandle) async {
        while let batch = await queue.next() {
            var attempt = 0
            while !queue.isClosed {
                do {
                    try await handler(batch)
                    if let last = batch.last { store(partition, last.offset + 1, handle) }
                    if pace > .zero, batch.count < batchLimit { await queue.rest(pace) }
                    break
                } catch {
                    logger.warning(
                        "records could not be handled yet",
                        [
                            "topic": .string(partition.topic), "attempt": .int(Int64(attempt)),
                            "error": .string("\(error)"),
                        ])
                    try? await Task.sleep(
                        for: Backoff(base: .milliseconds(50), maximum: .seconds(5)).delay(attempt: attempt))
                    attempt += 1
                }
            }
        }
    }

    private func store(_ partition: Partition, _ offset: Int64, _ handle: KafkaHandle) {
        let list = rd_kafka_topic_partition_list_new(1)
        defer { rd_kafka_topic_partition_list_destroy(list) }
        rd_kafka_topic_partition_list_add(list, partition.topic, partition.number)?.pointee.offset = offset
        // Fails where the partition is not ours any more; then its next owner repeats the batch, which the inbox notices.
        rd_kafka_offsets_store(handle.pointer, list)
    }

    /// What each topic's partitions here are behind, by records and by the age of the oldest record in hand.
    func lag() -> [String: (records: Int64, seconds: Double)] {
        let (handle, queues) = state.withLock { ($0.handle, $0.queues) }
        guard let handle, !queues.isEmpty else { return [:] }
        let partitions = Array(queues.keys)
        let list = rd_kafka_topic_partition_list_new(Int32(partitions.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for partition in partitions { rd_kafka_topic_partition_list_add(list, partition.topic, partition.number) }
        rd_kafka_position(handle.pointer, list)
        var lag: [String: (records: Int64, seconds: Double)] = [:]
        for (partition, queue) in queues {
            let inHand = queue.inHand
            let age = inHand.oldest.map { max(0, Date().timeIntervalSince($0)) } ?? 0
            let before = lag[partition.topic] ?? (0, 0)
            lag[partition.topic] = (before.records + Int64(inHand.count), max(before.seconds, age))
        }
        for index in 0..<Int(list?.pointee.cnt ?? 0) {
            guard let element = list?.pointee.elems[index] else { continue }
            let topic = String(cString: element.topic)
            var (low, high): (Int64, Int64) = (0, 0)
            rd_kafka_get_watermark_offsets(handle.pointer, topic, element.partition, &low, &high)
            let position = element.offset >= 0 ? element.offset : low
            lag[topic, default: (0, 0)].records += max(0, high - max(position, low))
        }
        return lag
    }
}
