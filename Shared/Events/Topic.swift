/// A topic of Kafka: one per owner for facts, one per worker for commands.
public struct Topic: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The name that Kafka knows.
    public let rawValue: String
    /// Any topic by its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    /// What the service `user` tells.
    public static let userEvents = Topic(rawValue: "atelier.user.events.v1")
    /// What the service `project` tells.
    public static let projectEvents = Topic(rawValue: "atelier.project.events.v1")
    /// What the service `storage` tells.
    public static let storageEvents = Topic(rawValue: "atelier.storage.events.v1")
    /// What the media worker tells.
    public static let mediaEvents = Topic(rawValue: "atelier.media.events.v1")
    /// What the ML worker tells.
    public static let mlEvents = Topic(rawValue: "atelier.ml.events.v1")
    /// What the service `publisher` tells.
    public static let publisherEvents = Topic(rawValue: "atelier.publisher.events.v1")
    /// What the service `notifier` tells.
    public static let notifierEvents = Topic(rawValue: "atelier.notifier.events.v1")
    /// What the service `analytics` tells.
    public static let analyticsEvents = Topic(rawValue: "atelier.analytics.events.v1")

    /// Where a worker is told what to do.
    public static func commands(of worker: Worker) -> Topic {
        Topic(rawValue: "atelier.\(worker.rawValue).commands.v1")
    }

    /// Where a worker tells what it did.
    public static func events(of worker: Worker) -> Topic { Topic(rawValue: "atelier.\(worker.owner).events.v1") }

    /// Every topic of the fleet, dead letters aside.
    public static let all: [Topic] =
        [
            userEvents, projectEvents, storageEvents, mediaEvents, mlEvents, publisherEvents, notifierEvents,
            analyticsEvents,
        ] + Worker.allCases.map { commands(of: $0) }
}
