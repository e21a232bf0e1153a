import Events
import FoundationEssentials
import Primitives

/// One event as analytics keeps it.
struct Measurement: Sendable, Equatable {
    let id: UUID
    let at: Date
    let workspaceID: UUID?
    let projectID: UUID?
    let userID: UUID?
    /// As in `run.succeeded`.
    let type: String
    var data: JSONValue?
}

/// How each event of the bus is counted: under which type, and whose it is.
enum Counting {
    struct Facts: Sendable, Equatable {
        let type: String
        var workspace: UUID?
        var project: UUID?
        var user: UUID?
    }

    static func facts(_ event: UserRegistered) -> Facts {
        Facts(type: "user.registered", workspace: event.workspaceID, user: event.userID)
    }

    static func facts(_ event: UserSignedIn) -> Facts {
        Facts(type: "user.signed_in", workspace: event.workspaceID, user: event.userID)
    }

    static func facts(_ event: SessionRevoked) -> Facts { Facts(type: "session.revoked", user: event.userID) }

    static func facts(_ event: ProjectChanged) -> Facts {
        Facts(
            type: "project.\(event.change)", workspace: event.workspaceID, project: event.projectID, user: event.ownerID
        )
    }

    static func facts(_ event: RunChanged) -> Facts {
        Facts(
            type: "run.\(event.status)", workspace: event.workspaceID, project: event.projectID, user: event.userID)
    }

    static func facts(_ event: AssetCreated) -> Facts {
        Facts(type: "asset.created", workspace: event.workspaceID, project: event.projectID, user: event.ownerID)
    }

    static func facts(_ event: AssetDeleted) -> Facts {
        Facts(type: "asset.deleted", workspace: event.workspaceID, project: event.projectID, user: event.ownerID)
    }

    static func facts(_ event: RenditionCreated) -> Facts {
        Facts(type: "rendition.created", workspace: event.workspaceID)
    }

    static func facts(_ event: AssetProbed) -> Facts { Facts(type: "asset.probed", workspace: event.workspaceID) }

    static func facts(_ event: WorkChanged) -> Facts {
        Facts(
            type: "job.\(event.status)", workspace: event.workspaceID, project: event.projectID, user: event.userID)
    }

    static func facts(_ event: PublicationChanged) -> Facts {
        Facts(
            type: "publication.\(event.status)", workspace: event.workspaceID, project: event.projectID,
            user: event.userID)
    }

    static func facts(_ event: PostMetrics) -> Facts {
        Facts(type: "post.metrics", workspace: event.workspaceID, project: event.projectID)
    }

    static func facts(_ event: NotificationCreated) -> Facts {
        Facts(type: "notification.created", workspace: event.workspaceID, user: event.userID)
    }
}
