public import FoundationEssentials
internal import Primitives

/// Asks a worker to stop a piece of work. On the worker's command topic, keyed by the work.
public struct CancelWork: EventPayload {
    public static let messageName = "atelier.work.v1.CancelWork"
    public static let topics = Worker.allCases.map { Topic.commands(of: $0) }
    public var topic: Topic { .commands(of: worker) }
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
