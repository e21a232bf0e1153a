import Events
import FoundationEssentials
import Primitives

/// Something that a person should know: the text of a notification, before it is stored.
struct Notice: Sendable, Equatable {
    let userID: UUID
    let workspaceID: UUID
    /// As in `run.succeeded`; also the type of the webhook.
    let kind: String
    /// What it is about, once.
    let fact: String
    let title: String
    let body: String

    /// Jobs that start by themselves: nobody asked for them, so nobody is told.
    private static let silentKinds: Set<String> = [
        "probe", "metadata", "thumbnail", "thumbnails", "waveform", "proxy", "hls", "preview",
    ]

    init?(_ run: RunChanged) {
        guard run.stepID == nil || Self.ended.contains(run.status) else { return nil }
        let words: (title: String, body: String)
        switch run.status {
        case "succeeded": words = ("Your film is ready", "The workflow \(run.workflowID) has finished.")
        case "failed":
            words = (
                "A workflow failed",
                "The workflow \(run.workflowID) could not finish" + (run.errorCode.map { ": \($0)." } ?? ".")
            )
        case "cancelled": words = ("A workflow was cancelled", "The workflow \(run.workflowID) was cancelled.")
        case "waiting": words = ("A workflow waits for you", "The workflow \(run.workflowID) needs an answer.")
        default: return nil
        }
        let title = run.status == "succeeded" && run.filmAssetID == nil ? "A workflow has finished" : words.title
        self.init(
            userID: run.userID, workspaceID: run.workspaceID, kind: "run.\(run.status)",
            fact: "run \(run.runID.text) \(run.status)" + (run.status == "waiting" ? " \(run.stepID ?? "")" : ""),
            title: title, body: words.body)
    }

    init?(_ work: WorkChanged) {
        // The run tells of its own steps.
        guard work.runID == nil, !Self.silentKinds.contains(work.kind) else { return nil }
        guard work.status == "succeeded" || work.status == "failed" else { return nil }
        let isGood = work.status == "succeeded"
        self.init(
            userID: work.userID, workspaceID: work.workspaceID, kind: "job.\(work.status)",
            fact: "job \(work.workID.text) \(work.status) \(work.attempt)",
            title: isGood ? "Your \(work.kind) is done" : "Your \(work.kind) failed",
            body: isGood ? "The result is in your library." : "Reason: \(work.errorCode ?? "unknown").")
    }

    init?(_ publication: PublicationChanged) {
        let title: String
        switch publication.status {
        case "published": title = "Your post is out"
        case "failed": title = "A post could not be published"
        case "unknown": title = "A post is being checked"
        default: return nil
        }
        self.init(
            userID: publication.userID, workspaceID: publication.workspaceID,
            kind: "publication.\(publication.status)",
            fact: "publication \(publication.publicationID.text) \(publication.status)", title: title,
            body: publication.status == "unknown"
                ? "The network did not say whether it took the post. It is asked; nothing is posted twice."
                : "See the publication for each network's answer.")
    }

    private init(userID: UUID, workspaceID: UUID, kind: String, fact: String, title: String, body: String) {
        self.userID = userID
        self.workspaceID = workspaceID
        self.kind = kind
        self.fact = fact
        self.title = title
        self.body = body
    }

    private static let ended: Set<String> = ["succeeded", "failed", "cancelled", "waiting"]
}
