import Crypto
import FoundationEssentials
import HTTP
import ObjectStore
import Synchronization

/// Uploads as files of one folder, for one replica: bytes go to a staged file as they come.
final class FileUploads: UploadContent {
    private let store: UploadStore
    private let staging: StagingArea
    private let objects: any ObjectStore
    private let locks = UploadLocks()
    /// Files of late uploads stay open, with the hash of what they have: the next part need not read it again.
    private let recent = Mutex<[(id: UUID, file: StagedFile)]>([])

    init(store: UploadStore, staging: StagingArea, objects: any ObjectStore) {
        self.store = store
        self.staging = staging
        self.objects = objects
    }

    func alone<T: Sendable>(
        _ id: UUID, patience: Duration, _ body: @escaping @Sendable (Turn) async throws -> T
    ) async throws -> T {
        try await locks.withLock(id, patience: patience) { try await body(Turn(progress: $0)) }
    }

    func offset(of upload: Upload) async throws -> Int64 {
        let file = file(upload.id)
        // Without a file, all of it may be an object already, and no asset yet.
        guard file.exists else { return try await objects.info(upload.storageKey) == nil ? 0 : upload.length }
        if let from = upload.unprovedFrom {
            try await file.truncate(to: from)
            try await store.setUnproved(upload.id, from: nil)
        }
        return try await file.durableSize()
    }

    func write(
        _ body: HTTPBody, to upload: Upload, at offset: Int64, checksum: TusProtocol.Checksum?, _ turn: Turn
    ) async throws -> Int64 {
        let file = file(upload.id)
        if checksum != nil { try await store.setUnproved(upload.id, from: offset) }
        let end: Int64
        do {
            end = try await upload.read(body, at: offset, checksum, turn) { try await file.append($0, at: $1) }
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

    func store(_ upload: Upload) async throws -> Stored {
        let file = file(upload.id)
        let key = upload.storageKey
        if !file.exists, upload.length > 0 {
            let hash = SHA256Box()
            var prefix = Data()
            for try await chunk in try await objects.read(key, range: nil) {
                hash.value.update(chunk)
                if prefix.count < 4096 { prefix.append(chunk.prefix(4096 - prefix.count)) }
            }
            return Stored(
                key: key, size: upload.length, sha256: hash.value.finalize(),
                type: MediaType.detect(prefix, filename: upload.filename))
        }
        let (size, hash) = try await file.seal()
        let type = MediaType.detect(try await file.prefix(4096), filename: upload.filename)
        try await objects.adopt(file, as: key, contentType: type.contentType)
        return Stored(key: key, size: size, sha256: hash, type: type)
    }

    func remove(_ upload: Upload) async throws {
        forget(upload.id)
        try await staging.file(upload.id).remove()
    }

    func forget(_ id: UUID) { recent.withLock { $0.removeAll { $0.id == id } } }

    private func file(_ id: UUID) -> StagedFile {
        let file = staging.file(id)
        recent.withLock { recent in
            recent.removeAll { $0.id == id }
            recent.append((id, file))
            if recent.count > 64 { recent.removeFirst() }
        }
        return file
    }
}

/// A hash that crosses the awaits of one task.
private final class SHA256Box: @unchecked Sendable {  // Used by one task.
    let value = SHA256()
}
