import Events
import TestKit

/// The tests' broker behind a port of our choice. Memory only: it forgets when it dies, and then announces another
/// cluster id, which the fleet's relays notice.
final class EmbeddedBroker: Sendable {
    private let broker: MockBroker
    private let relay: PortRelay

    /// - Throws: `MockBroker.Failure` where the cluster cannot be made, `TCP.Failure` where the port is taken.
    init(port: Int) throws {
        // Before there is a cluster, whose threads would be in the way of an end.
        relay = try PortRelay(port: port)
        broker = try MockBroker()
        // With the admin API missing, topics are made here; those of dead letters come with their first message.
        for topic in Topic.all { try broker.topic(topic.rawValue, partitions: 6) }
        relay.lead(to: broker.port)
    }
}
