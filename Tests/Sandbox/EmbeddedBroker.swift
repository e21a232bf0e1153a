import CKafka
import Events
import Execution
import FoundationEssentials
import Glibc
import Synchronization

/// librdkafka's own broker (its mock cluster) behind a port of our choice. Memory only: it forgets when it dies, and
/// then announces another cluster id, which the fleet's relays notice.
final class EmbeddedBroker: @unchecked Sendable {  // The handles are made once and only destroyed at the end.
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    private let client: OpaquePointer
    private let cluster: OpaquePointer
    private let relay: PortRelay

    /// - Throws: ``Failed`` where the cluster cannot be made, or the port is taken.
    init(port: Int) throws {
        // Before there is a cluster, whose threads would be in the way of an end.
        let listener = try TCP.listen(port: port)
        var text = [CChar](repeating: 0, count: 512)
        let conf = rd_kafka_conf_new()
        // The broker's own sockets take this from the client that it is made with. Without it, several answers in a row
        // wait for the other side's delayed acknowledgement, 40 ms each time.
        rd_kafka_conf_set(conf, "socket.nagle.disable", "true", nil, 0)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &text, text.count) else {
            throw Failed(
                description:
                    "broker: \(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))")
        }
        guard let cluster = rd_kafka_mock_cluster_new(client, 1) else {
            throw Failed(description: "the mock cluster could not be made")
        }
        self.client = client
        self.cluster = cluster
        guard let address = rd_kafka_mock_cluster_bootstraps(cluster),
            let inner = String(cString: address).split(separator: ":").last.flatMap({ Int($0) })
        else { throw Failed(description: "the mock cluster has no address") }
        // The mock cluster's thread now and then misses the word that there is something to do and sleeps on for a second
        // (librdkafka 2.0.2); a knock at its port wakes it.
        let isMade = Flag()
        startThread {
            while !isMade.isSet {
                usleep(10_000)
                if let knock = TCP.connect(port: inner) { Glibc.close(knock) }
            }
        }
        defer { isMade.set() }
        // With the admin API missing, topics are made here; those of dead letters come with their first message.
        for topic in Topic.all {
            guard rd_kafka_mock_topic_create(cluster, topic.rawValue, 6, 1) == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw Failed(description: "the topic \(topic) could not be made")
            }
        }
        relay = PortRelay(listener: listener, to: inner)
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }

    deinit {
        relay.close()
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }
}
