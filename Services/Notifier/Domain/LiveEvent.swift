import FoundationEssentials

/// What listeners are told.
struct LiveEvent: Sendable, Equatable {
    /// The number in the stream; what `Last-Event-ID` repeats.
    let seq: Int64
    /// Only for this person; for all of the workspace where `nil`.
    let userID: UUID?
    /// As in `WorkChanged`.
    let type: String
    /// A JSON object.
    let data: String

    func isFor(_ user: UUID) -> Bool { userID == nil || userID == user }
}
