import Crypto
import FoundationEssentials
import HTTP
import ObjectStore
import Postgres
import Primitives
import Synchronization

/// Uploads by tus: bytes go to a staged file as they come and are kept whatever happens; the last one makes the asset.
final class UploadDesk: Sendable {
    private let store: UploadStore
    private let staging: StagingArea
    private let objects: any ObjectStore
    private let assets: AssetStore
    private let usage: UsageStore
    let largest: Int64
    private let lifetime: Duration
    private let locks = UploadLocks()
    /// Files of late uploads stay open, with the hash of what they have: the next part need not read it again.
    private let recent = Mutex<[(id: UUID, file: StagedFile)]>([])

    init(
        store: UploadStore, staging: StagingArea, objects: any ObjectStore, assets: AssetStore, usage: UsageStore,
        largest: Int64, lifetime: Duration
    ) {
        self.store = store
        self.staging = staging
        self.objects = objects
        self.assets = assets
        self.usage = usage
        self.largest = largest
        self.lifetime = lifetime
    }

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
        return try await locks.withLock(upload.id) { try await self.complete(upload, $0) }
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
        return try await locks.withLock(id) { progress in
            try await self.settled(self.find(id, workspaceID: workspaceID), progress)
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
        return try await locks.withLock(id) { progress in
            let now = try await self.settled(self.find(id, workspaceID: workspaceID), progress)
            if now.isComplete {
                throw Problem(.forbidden, code: "upload_complete", detail: "This upload is complete.")
            }
            guard now.offset == offset else {
                throw Problem(
                    .conflict, code: "upload_offset", detail: "The upload has \(now.offset) bytes.",
                    members: ["offset": .int(now.offset)])
            }
            let end = try await self.write(
                body, to: now.upload, at: offset, checksum: checksum, progress)
            if end == now.upload.length { return try await self.complete(now.upload, progress) }
            var upload = now.upload
            upload.expiresAt = Date() + self.lifetime.seconds
            try await self.store.extend(id, until: upload.expiresAt)
            return Progress(upload: upload, offset: end)
        }
    }

    /// Ends an upload and takes its bytes away.
    /// - Throws: ``Problem`` 403 where it is complete: then there is an asset to delete.
    func terminate(_ id: UUID, workspaceID: UUID) async throws {
        let upload = try await find(id, workspaceID: workspaceID)
        try await locks.withLock(id) { _ in
            let isOpen = try await self.store.postgres.withTransaction {
                try await self.store.settle(id, .gone, in: $0)
            }
            if !isOpen, upload.state == .complete {
                throw Problem(.forbidden, code: "upload_complete", detail: "This upload is complete.")
            }
            try await self.forget(id).remove()
        }
    }

    /// Ends what nobody goes on with.
    /// - Returns: how many uploads were ended.
    func sweep() async throws -> Int {
        let expired = try await store.expired(limit: 500)
        for upload in expired {
            do {
                try await locks.withLock(upload.id, patience: .zero) { _ in
                    let isOpen = try await self.store.postgres.withTransaction {
                        try await self.store.settle(upload.id, .gone, in: $0)
                    }
                    if isOpen { try await self.forget(upload.id).remove() }
                }
            } catch let problem as Problem where problem.status == .locked {
                // Somebody goes on with it after all.
            }
        }
        try await store.purge()
        return expired.count
    }

    /// Takes away staged files that no open upload has: of uploads that ended while a process died.
    func sweepFiles(olderThan age: Duration) async throws -> Int {
        let old = try await staging.all().filter { $0.changedAt < Date() - age.seconds }.map(\.id)
        var removed = 0
        for start in stride(from: 0, to: old.count, by: 500) {
            let ids = Array(old[start..<min(start + 500, old.count)])
            let open = try await store.open(among: ids)
            for id in ids where !open.contains(id) {
                try await staging.file(id).remove()
                removed += 1
            }
        }
        return removed
    }

    // MARK: Under the upload's lock

    /// The durable state, after what a process left behind that died: unproved bytes, or a last step that was not done.
    private func settled(_ upload: Upload, _ progress: @escaping @Sendable () -> Void) async throws -> Progress {
        if upload.state == .complete { return Progress(upload: upload, offset: upload.length) }
        var upload = upload
        let file = file(upload.id)
        guard file.exists else {
            let isStored = try await objects.info(upload.storageKey) != nil
            return isStored ? try await complete(upload, progress) : Progress(upload: upload, offset: 0)
        }
        if let from = upload.unprovedFrom {
            try await file.truncate(to: from)
            try await store.setUnproved(upload.id, from: nil)
            upload.unprovedFrom = nil
        }
        let size = try await file.durableSize()
        return size == upload.length
            ? try await complete(upload, progress) : Progress(upload: upload, offset: size)
    }

    private func write(
        _ body: HTTPBody, to upload: Upload, at offset: Int64, checksum: TusProtocol.Checksum?,
        _ progress: @Sendable () -> Void
    ) async throws -> Int64 {
        if let length = body.length, offset + length > upload.length { throw tooLong(upload) }
        let file = file(upload.id)
        if checksum != nil { try await store.setUnproved(upload.id, from: offset) }
        var end = offset
        let proof = checksum.map(Proof.init)
        do {
            for try await chunk in body {
                if end + Int64(chunk.count) > upload.length { throw tooLong(upload) }
                end = try await file.append(chunk, at: end)
                proof?.update(chunk)
                progress()
            }
            if let proof, !proof.holds() {
                throw Problem(
                    .checksumMismatch, code: "checksum_mismatch", detail: "The part has another checksum.")
            }
            _ = try await file.durableSize()
        } catch {
            // The task may be cancelled already (the client left); what came is kept all the same, if it needs no proof.
            let store = store
            await Task.detached {
                if checksum == nil {
                    _ = try? await file.durableSize()
                } else if (try? await file.truncate(to: offset)) != nil {
                    try? await store.setUnproved(upload.id, from: nil)
                }
            }.value
            throw error
        }
        if checksum != nil { try await store.setUnproved(upload.id, from: nil) }
        return end
    }

    /// Makes the asset, and goes on to its end also where the client leaves: the content may have a long way to the object
    /// store, and who comes back waits for it instead of beginning it anew.
    private func complete(_ upload: Upload, _ progress: @escaping @Sendable () -> Void) async throws -> Progress {
        let work = Task { try await finish(upload) }
        let signs = Task {
            while !Task.isCancelled {
                progress()
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        defer { signs.cancel() }
        return try await work.value
    }

    /// Makes the asset, once, also where an earlier try got half way.
    private func finish(_ upload: Upload) async throws -> Progress {
        let (size, hash, type) = try await stored(upload)
        let now = Date()
        let asset = Asset(
            id: upload.assetID, workspaceID: upload.workspaceID, ownerID: upload.ownerID, projectID: upload.projectID,
            filename: upload.filename, contentType: type.contentType, kind: type.kind, origin: .upload, size: size,
            sha256: hash, metadata: [:], storageKey: upload.storageKey, createdAt: now, updatedAt: now)
        try await store.postgres.withTransaction { tx in
            if try await store.settle(upload.id, .complete, in: tx) { try await assets.insert(asset, in: tx) }
        }
        _ = forget(upload.id)
        var upload = upload
        upload.state = .complete
        return Progress(upload: upload, offset: upload.length)
    }

    /// Brings the content into the object store, where it is not there yet.
    private func stored(_ upload: Upload) async throws -> (size: Int64, hash: Data, type: MediaType) {
        let file = file(upload.id)
        if !file.exists, upload.length > 0 {
            let hash = SHA256Box()
            var prefix = Data()
            for try await chunk in try await objects.read(upload.storageKey, range: nil) {
                hash.value.update(chunk)
                if prefix.count < 4096 { prefix.append(chunk.prefix(4096 - prefix.count)) }
            }
            return (upload.length, hash.value.finalize(), MediaType.detect(prefix, filename: upload.filename))
        }
        let (size, hash) = try await file.seal()
        let type = MediaType.detect(try await file.prefix(4096), filename: upload.filename)
        try await objects.adopt(file, as: upload.storageKey, contentType: type.contentType)
        return (size, hash, type)
    }

    private func file(_ id: UUID) -> StagedFile {
        let file = staging.file(id)
        recent.withLock { recent in
            recent.removeAll { $0.id == id }
            recent.append((id, file))
            if recent.count > 64 { recent.removeFirst() }
        }
        return file
    }

    private func forget(_ id: UUID) -> StagedFile {
        recent.withLock { $0.removeAll { $0.id == id } }
        return staging.file(id)
    }

    private func tooLong(_ upload: Upload) -> Problem {
        Problem(
            .contentTooLarge, code: "upload_too_long", detail: "The upload was announced with \(upload.length) bytes.",
            members: ["limitBytes": .int(upload.length)])
    }
}

/// A hash that crosses the awaits of one task.
private final class SHA256Box: @unchecked Sendable {  // Used by one task.
    let value = SHA256()
}

/// The checksum of a part as it comes.
private struct Proof {
    private let checksum: TusProtocol.Checksum
    private let sha1 = SHA1()
    private let sha256 = SHA256()

    init(_ checksum: TusProtocol.Checksum) { self.checksum = checksum }

    func update(_ chunk: Data) {
        if checksum.algorithm == .sha1 { sha1.update(chunk) } else { sha256.update(chunk) }
    }

    func holds() -> Bool {
        (checksum.algorithm == .sha1 ? sha1.finalize() : sha256.finalize()) == checksum.expected
    }
}
