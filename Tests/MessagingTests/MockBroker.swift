import CKafka
import Foundation
import Messaging
import Telemetry

/// librdkafka's own mock cluster, in this process.
final class MockBroker: @unchecked Sendable {  // The mock cluster's calls are thread safe.
    private let client: OpaquePointer
    private let cluster: OpaquePointer
    let settings: KafkaSettings
    let port: Int

    init(brokers: Int32 = 1) throws {
        var text = [CChar](repeating: 0, count: 256)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), &text, text.count),
            let cluster = rd_kafka_mock_cluster_new(client, brokers)
        else { throw KafkaError(.configuration, "no mock cluster", isRetriable: false) }
        self.client = client
        self.cluster = cluster
        settings = KafkaSettings(bootstrapServers: String(cString: rd_kafka_mock_cluster_bootstraps(cluster)))
        self.port = settings.bootstrapServers.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }

    func topic(_ name: String, partitions: Int32 = 3) {
        rd_kafka_mock_topic_create(cluster, name, partitions, 1)
    }

    /// Lets the next requests of a kind fail; 0 is Produce, 1 Fetch.
    func fail(_ api: Int16, _ errors: [rd_kafka_resp_err_t]) {
        rd_kafka_mock_push_request_errors_array(cluster, api, errors.count, errors)
    }

    func setDown(_ down: Bool, broker: Int32 = 1) {
        if down { rd_kafka_mock_broker_set_down(cluster, broker) } else { rd_kafka_mock_broker_set_up(cluster, broker) }
    }
}

extension Logger {
    static let quiet = Logger(service: "test", sink: MemoryLogSink())
}

extension KafkaRecord {
    static func numbered(_ number: Int, _ topic: String, keys: Int = 10) -> KafkaRecord {
        KafkaRecord(
            topic: topic, key: Data("k\(number % keys)".utf8), headers: [.init("n", Data("\(number)".utf8))],
            value: Data("\(number)".utf8))
    }
}
