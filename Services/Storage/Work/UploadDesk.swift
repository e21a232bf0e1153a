import FoundationEssentials
import HTTP
import ObjectStore
import Postgres
import Primitives

/// Uploads by tus: bytes are kept as they come, whatever happens; the last one makes the asset.
struct UploadDesk: Sendable {
    let store: UploadStore
    let content: any UploadContent
    let staging: StagingArea
    let assets: AssetStore
    let usage: UsageStore
    let largest: Int64
    let lifetime: Duration
    /// How long a request waits for the one that writes.
    private let patience: Duration = .seconds(10)

    /// How far an upload is.
    struct Progress: Sendable {
        let upload: Upload
        let offset: Int64
        var isComplete: Bool { upload.state == .complete }
    }

    /// How many uploads are open, and how many bytes they have announced.
    func underWay() async throws -> (count: Int, bytes: Int64) { try await store.underWay() }

    /// Announces an upload.
    /// - Throws: ``Problem`` 413 where it is too large or the workspace has no room.
    func create(
        workspaceID: UUID, ownerID: UUID, projectID: UUID?, length: Int64, filename: String, metadata: String
    ) async throws -> Progress {
        if length > largest { throw Problem.contentTooLarge(limit: largest) }
        try await usage.check(bytes: length, workspaceID: workspaceID)
        let upload = Upload(
            id: UUID.v7(), workspaceID: workspaceID, ownerID: ownerID, projectID: projectID, assetID: UUID.v7(),
            length: length, filename: filename, metadata: metadata, state: .open,
            expiresAt: Date() + lifetime.seconds)
        try await store.insert(upload)
        guard length == 0 else { return Progress(upload: upload, offset: 0) }
        return try await content.alone(upload.id, patience: patience) { try await complete(upload, $0) }
    }

    /// - Throws: ``Problem``: 404 where there is none or it is another's, 410 where it was ended or its time is over.
    func find(_ id: UUID, workspaceID: UUID) async throws -> Upload {
        guard let upload = try await store.find(id, workspaceID: workspaceID) else { throw Problem.notFound("upload") }
        if upload.state == .gone || (upload.state == .open && upload.expiresAt < Date()) {
            throw Problem(.gone, code: "upload_gone", detail: "This upload was ended, or its time is over.")
        }
        return upload
    }

    /// How far an upload is; what is told is durable.
    func progress(_ id: UUID, workspaceID: UUID) async throws -> Progress {
        let upload = try await find(id, workspaceID: workspaceID)
        if upload.state == .complete { return Progress(upload: upload, offset: upload.length) }
        return try await content.alone(id, patience: patience) { turn in
            try await settled(find(id, workspaceID: workspaceID), turn)
        }
    }

    /// Adds content at `offset`.
    /// - Parameter length: the bytes that the client announced.
    /// - Throws: ``Problem``: 409 for another offset, 413 for more than was announced, 460 where the checksum is another,
    ///   403 for an upload that is complete; `ObjectStoreError`; what reading throws. Bytes that came are kept.
    func append(
        _ body: HTTPBody, to id: UUID, workspaceID: UUID, at offset: Int64, checksum: TusProtocol.Checksum?
    ) async throws -> Progress {
        _ = try await find(id, workspaceID: workspaceID)
        return try await content.alone(id, patience: patience) { turn in
            let now = try await settled(find(id, workspaceID: workspaceID), turn)
            if now.isComplete {
                throw Problem(.forbidden, code: "upload_complete", detail: "This upload is complete.")
            }
            guard now.offset == offset else {
                throw Problem(
                    .conflict, code: "upload_offset", detail: "The upload has \(now.offset) bytes.",
                    members: ["offset": .int(now.offset)])
            }
            if let length = body.length, length > now.upload.length - offset { throw now.upload.tooLong }
            let end = try await content.write(body, to: now.upload, at: offset, checksum: checksum, turn)
            if end == now.upload.length { return try await complete(now.upload, turn) }
            var upload = now.upload
            upload.expiresAt = Date() + lifetime.seconds
            try await store.extend(id, until: upload.expiresAt)
            return Progress(upload: upload, offset: end)
        }
    }

    /// Ends an upload and takes its bytes away.
    /// - Throws: ``Problem`` 403 where it is complete: then there is an asset to delete.
    func terminate(_ id: UUID, workspaceID: UUID) async throws {
        let upload = try await find(id, workspaceID: workspaceID)
        try await content.alone(id, patience: patience) { _ in
            let isOpen = try await store.postgres.withTransaction { try await store.settle(id, .gone, in: $0) }
            if !isOpen, upload.state == .complete {
                throw Problem(.forbidden, code: "upload_complete", detail: "This upload is complete.")
            }
            try await content.remove(upload)
        }
    }

    // MARK: While nobody else writes the upload

    /// The durable state, after what a process left behind that died: unproved bytes, or a last step that was not done.
    private func settled(_ upload: Upload, _ turn: Turn) async throws -> Progress {
        if upload.state == .complete { return Progress(upload: upload, offset: upload.length) }
        let offset = try await content.offset(of: upload)
        return offset == upload.length
            ? try await complete(upload, turn) : Progress(upload: upload, offset: offset)
    }

    /// Makes the asset, and goes on to its end also where the client leaves: the content may have a long way to the object
    /// store, and who comes back waits for it instead of beginning it anew.
    private func complete(_ upload: Upload, _ turn: Turn) async throws -> Progress {
        let work = Task { try await finish(upload) }
        return try await turn.working { try await work.value }
    }

    /// Makes the asset, once, also where an earlier try got half way.
    private func finish(_ upload: Upload) async throws -> Progress {
        let stored = try await content.store(upload)
        let now = Date()
        let asset = Asset(
            id: upload.assetID, workspaceID: upload.workspaceID, ownerID: upload.ownerID, projectID: upload.projectID,
            filename: upload.filename, contentType: stored.type.contentType, kind: stored.type.kind, origin: .upload,
            size: stored.size, sha256: stored.sha256, metadata: [:], storageKey: stored.key, createdAt: now,
            updatedAt: now)
        try await store.postgres.withTransaction { tx in
            if try await store.settle(upload.id, .complete, in: tx) { try await assets.insert(asset, in: tx) }
        }
        content.forget(upload.id)
        // Somebody may have ended it meanwhile, or have made the asset.
        return Progress(upload: try await find(upload.id, workspaceID: upload.workspaceID), offset: upload.length)
    }
}
