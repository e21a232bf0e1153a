import FoundationEssentials
import Primitives

/// The key of one of our objects: its workspace, and an id of its own.
struct ObjectKey: Sendable {
    let workspaceID: UUID
    let id: UUID

    init(workspaceID: UUID, id: UUID = .v7()) {
        self.workspaceID = workspaceID
        self.id = id
    }

    /// `nil` for a key that is none of ours.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let workspaceID = UUID(uuidString: String(parts[0])),
            let id = UUID(uuidString: String(parts[1]))
        else { return nil }
        self.init(workspaceID: workspaceID, id: id)
    }

    var text: String { "\(workspaceID.text)/\(id.text)" }

    /// When the id was made; `nil` where it does not tell.
    var made: Date? { id.v7Time }
}
