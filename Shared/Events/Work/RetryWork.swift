public import FoundationEssentials
internal import Primitives

/// Asks a worker to begin a failed or cancelled piece of work anew. On the worker's command topic, keyed by the work.
public struct RetryWork: EventPayload {
    public static let messageName = "atelier.work.v1.RetryWork"
    public static let topics = Worker.allCases.map { Topic.commands(of: $0) }
    public var topic: Topic { .commands(of: worker) }
    public var key: String { workID.text }

    /// The piece of work.
    public var workID: UUID
    /// Whose work it is.
    public var worker: Worker

    /// An event from its fields.
    public init(workID: UUID, worker: Worker) {
        self.workID = workID
        self.worker = worker
    }
}
