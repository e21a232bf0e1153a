public import FoundationEssentials
internal import Primitives

/// Asks a worker to stop a piece of work. On the worker's command topic, keyed by the work.
public struct CancelWork: EventPayload {
    /// The full name of the message.
    public static let messageName = "atelier.work.v1.CancelWork"
    /// Where such events are found.
    public static let topics = Worker.allCases.map { Topic.commands(of: $0) }
    /// Where this one goes.
    public var topic: Topic { .commands(of: worker) }
    /// What it is kept in order by.
    public var key: String { workID.text }

    /// The piece of work.
    public var workID: UUID
    /// Whose work it is.
    public var worker: Worker
    /// Why.
    public var reason: String

    /// An event from its fields.
    public init(workID: UUID, worker: Worker, reason: String) {
        self.workID = workID
        self.worker = worker
        self.reason = reason
    }
}
