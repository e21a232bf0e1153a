import Events
import FoundationEssentials

/// One value of each payload, every field set.
enum Samples {
    static let id = UUID(uuidString: "01890a5d-ac96-774b-bcce-b302099a8057") ?? UUID()

    static let all: [any EventPayload] = [
        UserRegistered(userID: id, workspaceID: id, email: "ada@example.org", username: "ada", atMs: 1_700_000_000_000),
        UserSignedIn(userID: id, workspaceID: id),
        SessionRevoked(userID: id, sessionID: id, reason: "logout"),
        ProjectChanged(
            projectID: id, workspaceID: id, ownerID: id, title: "Größe 🎬", status: "draft", change: "created"),
        RunChanged(
            runID: id, workspaceID: id, userID: id, projectID: id, workflowID: "film", status: "running", progress: 40,
            etaMs: 9000, stepsDone: 2, stepsTotal: 7, stepID: "voice-1", stepStatus: "running", errorCode: "x",
            filmAssetID: id),
        AssetCreated(
            assetID: id, workspaceID: id, ownerID: id, projectID: id, filename: "a.mp4", contentType: "video/mp4",
            size: 5_000_000_000, sha256: String(repeating: "ab", count: 32), kind: "video", origin: "upload"),
        AssetDeleted(assetID: id, workspaceID: id, ownerID: id, projectID: id, size: 12),
        RenditionCreated(
            assetID: id, workspaceID: id, name: "hls/720p/seg0.ts", contentType: "video/mp2t", size: 3, width: 1280,
            height: 720, durationMs: 4000),
        AssetProbed(
            assetID: id, workspaceID: id, kind: "video", width: 1920, height: 1080, durationMs: 60_000, fps: 29.97,
            videoCodec: "h264", audioCodec: "aac", audioChannels: 2, sampleRate: 48_000, metadataJSON: "{}"),
        StartWork(
            workID: id, worker: .mlWorker, kind: "voice", workspaceID: id, userID: id, projectID: id, runID: id,
            stepID: "voice-1", attempt: 1, inputJSON: "{\"a\":1}", deadlineMs: 1_700_000_000_000),
        CancelWork(workID: id, worker: .mediaWorker, reason: "run cancelled"),
        RetryWork(workID: id, worker: .mlWorker),
        WorkChanged(
            workID: id, worker: .publisher, kind: "publish", workspaceID: id, userID: id, projectID: id, assetID: id,
            runID: id, stepID: "publish", attempt: 2, status: "failed", progress: 100, etaMs: 0, outputJSON: "{}",
            errorCode: "rate_limited", errorMessage: "later", retriable: true),
        PublicationChanged(
            publicationID: id, workspaceID: id, userID: id, projectID: id, runID: id, status: "published",
            targetsJSON: "[]"),
        PostMetrics(
            publicationID: id, accountID: id, workspaceID: id, projectID: id, platform: "sandbox", postID: "p1",
            views: 1, likes: 2, comments: 3, shares: 4, readAtMs: 5),
        NotificationCreated(notificationID: id, workspaceID: id, userID: id, kind: "run.succeeded"),
    ]
}
