import Crypto
import FoundationEssentials
import HTTP
import ObjectStore

/// Uploads whose bytes live in an S3 store and whose state lives in Postgres, so that any replica goes on with them.
struct PartedUploads: UploadContent {
    /// What a writer needs.
    struct Place: Sendable {
        let parts: UploadPartStore
        let staging: StagingArea
        let objects: S3Store
    }

    let place: Place
    let lease: UploadLease

    func alone<T: Sendable>(
        _ id: UUID, patience: Duration, _ body: @escaping @Sendable (Turn) async throws -> T
    ) async throws -> T {
        try await lease.withLease(id, patience: patience, body)
    }

    func offset(of upload: Upload) async throws -> Int64 { upload.bytes.stored }

    func write(
        _ body: HTTPBody, to upload: Upload, at offset: Int64, checksum: TusProtocol.Checksum?, _ turn: Turn
    ) async throws -> Int64 {
        let writer = try PartWriter(upload, turn, needsProof: checksum != nil, place)
        do {
            _ = try await upload.read(body, at: offset, checksum, turn) { chunk, _ in try await writer.append(chunk) }
        } catch {
            // The task may be cancelled already (the client left); what came is kept all the same, if it needs no proof.
            if checksum == nil { await Task.detached { _ = try? await writer.finish() }.value }
            throw error
        }
        // What came is acknowledged only after this; it does not end where the client leaves meanwhile.
        return try await Task.detached { try await writer.finish() }.value
    }

    func store(_ upload: Upload) async throws -> Stored {
        let bytes = try await place.parts.bytes(upload.id)
        guard bytes.stored == upload.length else { throw ObjectStoreError(.wrongOffset, "\(bytes.stored)") }
        var key = upload.storageKey
        if let id = bytes.multipart {
            let parts = try await place.parts.parts(upload.id)
            try await place.objects.completeParts(parts, of: key, upload: id, size: upload.length)
        } else if let tail = bytes.tailKey {
            key = tail
        } else {
            let nothing = try await place.staging.scratch()
            defer { withExtendedLifetime(nothing) {} }
            try await place.objects.put(nothing.region, as: key, contentType: MediaType.unknown.contentType)
        }
        var prefix = Data()
        if upload.length > 0 {
            let range = ByteRange(offset: 0, length: min(4096, upload.length))
            prefix = try await place.objects.read(key, range: range).collect(upTo: 4096)
        }
        return Stored(
            key: key, size: upload.length, sha256: try bytes.sha256().digest,
            type: MediaType.detect(prefix, filename: upload.filename))
    }

    func remove(_ upload: Upload) async throws {
        let bytes = try await place.parts.bytes(upload.id)
        if let id = bytes.multipart { try await place.objects.endParts(of: upload.storageKey, upload: id) }
        if let tail = bytes.tailKey { try await place.objects.delete(tail) }
    }

    func forget(_ id: UUID) {}
}

extension Upload.Bytes {
    /// The SHA-256 of what is stored, to be gone on with.
    /// - Throws: `ObjectStoreError` `refused` where what is recorded is no state of one.
    func sha256() throws -> ResumableSHA256 {
        guard let hash else { return ResumableSHA256() }
        guard let begun = ResumableSHA256(state: hash) else { throw ObjectStoreError(.refused, "no state of a hash") }
        return begun
    }
}
