public import CKafka
internal import Execution
internal import Glibc
internal import Synchronization

/// librdkafka's own broker (its mock cluster), in this process. Memory only: it forgets when it is let go.
public final class MockBroker: @unchecked Sendable {  // The mock cluster's calls are thread safe.
    /// A broker that could not be made, or a topic of it.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let client: OpaquePointer
    private let cluster: OpaquePointer
    /// Where clients find it, as in `127.0.0.1:40000`.
    public let address: String
    /// The port of ``address``.
    public let port: Int

    /// - Throws: ``Failure``.
    public init() throws {
        var text = [CChar](repeating: 0, count: 512)
        let conf = rd_kafka_conf_new()
        // The broker's own sockets take this from the client that it is made with. Without it, several answers in a row
        // wait for the other side's delayed acknowledgement, 40 ms each time.
        rd_kafka_conf_set(conf, "socket.nagle.disable", "true", nil, 0)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, &text, text.count) else {
            let reason = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw Failure(description: "broker: \(reason)")
        }
        guard let cluster = rd_kafka_mock_cluster_new(client, 1), let found = rd_kafka_mock_cluster_bootstraps(cluster)
        else {
            rd_kafka_destroy(client)
            throw Failure(description: "the mock cluster could not be made")
        }
        self.client = client
        self.cluster = cluster
        address = String(cString: found)
        port = address.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    deinit {
        awake { rd_kafka_mock_cluster_destroy(cluster) }
        rd_kafka_destroy(client)
    }

    /// Makes a topic. Topics that nobody made come with the first message, with the client's number of partitions.
    /// - Throws: ``Failure`` where it is there already.
    public func topic(_ name: String, partitions: Int = 3) throws {
        guard awake({ rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1) }) == RD_KAFKA_RESP_ERR_NO_ERROR
        else { throw Failure(description: "the topic \(name) could not be made") }
    }

    /// Lets the next requests of a kind fail; 0 is Produce, 1 Fetch.
    public func fail(_ api: Int16, _ errors: [rd_kafka_resp_err_t]) {
        rd_kafka_mock_push_request_errors_array(cluster, api, errors.count, errors)
    }

    /// Closes all connections and refuses new ones, or takes them again.
    public func setDown(_ isDown: Bool) {
        _ = awake {
            isDown ? rd_kafka_mock_broker_set_down(cluster, 1) : rd_kafka_mock_broker_set_up(cluster, 1)
        }
    }

    /// Makes a call that waits for the cluster's thread. That thread now and then misses the word that there is something
    /// to do and sleeps on for a second (librdkafka 2.0.2); a knock at its port wakes it.
    private func awake<T>(_ call: () -> T) -> T {
        let isDone = Flag()
        startThread { [port] in
            usleep(10_000)
            while !isDone.isSet {
                if let knock = TCP.connect(port: port) { close(knock) }
                usleep(10_000)
            }
        }
        defer { isDone.set() }
        return call()
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }
}
