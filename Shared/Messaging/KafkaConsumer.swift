internal import CKafka
internal import Execution
internal import FoundationEssentials
public import Lifecycle
internal import Primitives
internal import Synchronization
public import Telemetry

/// Reads topics as a member of a group, each partition in order and all of them at the same time.
///
/// Records come in batches of one partition. When the handler returned, they are done and their offset is stored; when
/// it throws, the same batch comes again after a while, for as long as the partition is ours. A partition whose handler
/// is slow is paused; polling goes on, so that the group never thinks that we are gone.
public final class KafkaConsumer: Service {
    /// Handles records of one partition, in order.
    public typealias Handler = @Sendable ([ReceivedRecord]) async throws -> Void

    /// The part's name in logs.
    public let name = "kafka-consumer"
    private let core: ConsumerCore
    private let ended = AsyncTrigger()
    private let isStarted = Atomic(false)

    /// - Parameters:
    ///   - group: the group of consumers that share the work.
    ///   - batchLimit: records that the handler gets at once, at most.
    ///   - pace: the least time between two batches of a partition that are not full: what comes in it comes as one.
    ///   - ends: with one topic, the offset in each partition before which reading ends; `nil` reads on.
    public init(
        settings: KafkaSettings, group: String, topics: [String], batchLimit: Int = 200, pace: Duration = .zero,
        ends: [RecordPosition]? = nil, logger: Logger, handler: @escaping Handler
    ) {
        core = ConsumerCore(
            settings: settings, group: group, topics: topics, batchLimit: batchLimit, pace: pace, ends: ends,
            logger: logger, handler: handler)
    }

    deinit { core.stop() }

    /// Reads until ``stop()``.
    public func run() async throws {
        guard !isStarted.exchange(true, ordering: .acquiringAndReleasing) else { return }
        MetricsRegistry.shared.onScrape { [weak core] metrics in
            for (topic, lag) in core?.lag() ?? [:] {
                metrics.gauge(
                    "kafka_consumer_lag_records", "Records that are not handled yet.", ["topic": topic],
                    Double(lag.records))
                metrics.gauge(
                    "kafka_consumer_lag_seconds", "Age of the oldest record that was read and is not handled yet.",
                    ["topic": topic], lag.seconds)
            }
        }
        startThread { [core, ended] in
            core.loop()
            ended.fire()
        }
        await withTaskCancellationHandler {
            await ended.wait()
        } onCancel: {
            core.stop()
        }
    }

    /// Lets batches under way end, leaves the group.
    public func stop() async { core.stop() }

    /// How many partitions are ours now.
    public var assignedPartitions: Int { core.assignedPartitions }

    /// Records that are not handled yet, by topic, as far as known.
    public func lag() -> [String: Int64] { core.lag().mapValues(\.records) }
}
