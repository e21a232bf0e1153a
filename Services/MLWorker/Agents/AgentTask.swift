import FoundationEssentials
import Primitives

/// What an agent knows about the work beside its input: for whom, and where to put what it makes.
struct AgentTask: Sendable {
    /// The job.
    let jobID: UUID
    let workspaceID: UUID
    let userID: UUID
    let projectID: UUID?
    /// What identifies the work in every try of it: the run and its step, else the job.
    let identity: UUID
    /// Tells how far the work is, from 0 to 100.
    var progress: @Sendable (Int) -> Void = { _ in }

    /// A number that is the same in every try, for what should vary from film to film.
    var seed: UInt64 { UInt64(identity.uuid.14) << 8 | UInt64(identity.uuid.15) }

    /// An id for something that the work makes: the same in every try, another for another input.
    func derivedID(_ name: String) -> UUID { .derived(from: identity, name) }
}
