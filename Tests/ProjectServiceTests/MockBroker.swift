import CKafka
import TestKit

/// librdkafka's own broker, in this process.
final class MockBroker: @unchecked Sendable {  // The handles are made once and only destroyed at the end.
    private let client: OpaquePointer
    private let cluster: OpaquePointer
    let address: String

    init() throws {
        var text = [CChar](repeating: 0, count: 512)
        guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), &text, text.count),
            let cluster = rd_kafka_mock_cluster_new(client, 1), let address = rd_kafka_mock_cluster_bootstraps(cluster)
        else { throw NeverHappened(description: "the mock cluster could not be made") }
        self.client = client
        self.cluster = cluster
        self.address = String(cString: address)
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }
}
