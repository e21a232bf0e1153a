import Foundation
import Messaging
import Telemetry
import TestKit

extension MockBroker {
    /// What a client of this broker needs.
    var settings: KafkaSettings { KafkaSettings(bootstrapServers: address) }
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
