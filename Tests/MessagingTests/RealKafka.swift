import Foundation
import Messaging
import TestKit

/// An Apache Kafka of its own, from the folder that `ATELIER_TEST_TOOLS` names; deleted afterwards.
final class RealKafka: Sendable {
    private static let tools = ProcessInfo.processInfo.environment["ATELIER_TEST_TOOLS"]

    /// Whether there is one. Where there is none, the tests say so.
    static let isAvailable: Bool = {
        guard let tools, FileManager.default.isExecutableFile(atPath: tools + "/kafka/kafka") else {
            print("SKIPPED: tests with a real Apache Kafka. ATELIER_TEST_TOOLS names no folder with kafka/kafka.")
            return false
        }
        return true
    }()

    private let directory: String
    private let port: Int
    private let arguments: [String]
    let settings: KafkaSettings

    init(brokers: Int = 1, user: String? = nil, password: String = "", set: [String] = []) throws {
        directory =
            "/tmp/atelier-kafka-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))"
        // Brokers take ports in a row, controllers a hundred further.
        port = Int.random(in: 21_000..<29_000)
        var arguments = ["--port", "\(port)", "--brokers", "\(brokers)"]
        if let user { arguments += ["--sasl", "\(user):\(password)"] }
        for one in set { arguments += ["--set", one] }
        self.arguments = arguments
        var settings = KafkaSettings(
            bootstrapServers: (0..<brokers).map { [port] in "127.0.0.1:\(port + $0)" }.joined(separator: ","))
        if let user {
            settings.securityProtocol = "sasl_plaintext"
            settings.username = user
            settings.password = password
        }
        settings.replication = min(3, brokers)
        self.settings = settings
        try start()
    }

    deinit { try? run(["wipe"]) }

    func start() throws { try run(["start"] + arguments) }
    func kill(broker: Int? = nil) throws { try run(["kill"] + (broker.map { ["--broker", "\($0)"] } ?? [])) }

    private func run(_ words: [String]) throws {
        try Command.run((Self.tools ?? "") + "/kafka/kafka", words + ["--dir", directory])
    }
}
