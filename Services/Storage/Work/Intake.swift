import FoundationEssentials
import HTTP
import ObjectStore
import Postgres
import Primitives

/// Takes content that comes in one piece: into a staged file, then into the object store.
struct Intake: Sendable {
    let staging: StagingArea
    let objects: any ObjectStore
    let usage: UsageStore
    let largest: Int64

    /// Content that is durable in the object store, and named by no row yet.
    struct Taken: Sendable {
        let key: String
        let size: Int64
        let sha256: Data
        let type: MediaType
    }

    /// Reads content to its end and stores it under a new key. What is not whole leaves nothing behind.
    /// - Parameter contentType: what it is, where we know better than its bytes tell.
    /// - Throws: ``Problem`` 413 over the limit; `ObjectStoreError`; what reading throws.
    func take(
        workspaceID: UUID, filename: String, contentType: String? = nil,
        _ content: (StagedContent) async throws -> Void
    ) async throws -> Taken {
        let id = UUID.v7()
        let file = staging.file(id)
        do {
            try await content(StagedContent(file: file, limit: largest))
            let (size, hash) = try await file.seal()
            let found = MediaType.detect(try await file.prefix(4096), filename: filename)
            let type = contentType.map { MediaType($0, MediaType.kind(of: $0)) } ?? found
            let key = ObjectKey(workspaceID: workspaceID, id: id).text
            try await objects.adopt(file, as: key, contentType: type.contentType)
            return Taken(key: key, size: size, sha256: hash, type: type)
        } catch {
            // Also where this task was cancelled.
            await Task.detached { try? await file.remove() }.value
            throw error
        }
    }

    /// Runs the transaction that names what was taken; where it does not commit, or names something else, the object goes.
    func name<T: Sendable>(
        _ taken: Taken, isKept: (T) -> Bool = { _ in true }, _ commit: () async throws -> T
    ) async throws -> T {
        do {
            let result = try await commit()
            if !isKept(result) { await discard(taken) }
            return result
        } catch let error as PostgresError where error.outcomeUnknown {
            // It may be named after all; the sweeper finds out.
            throw error
        } catch {
            await discard(taken)
            throw error
        }
    }

    private func discard(_ taken: Taken) async {
        let objects = objects
        await Task.detached { try? await objects.delete(taken.key) }.value
    }
}

/// A staged file that takes content up to a limit.
struct StagedContent: Sendable {
    let file: StagedFile
    let limit: Int64

    /// Adds a chunk at the end.
    /// - Returns: the new size.
    func append(_ chunk: Data, at offset: Int64) async throws -> Int64 {
        if offset + Int64(chunk.count) > limit { throw Problem.contentTooLarge(limit: limit) }
        return try await file.append(chunk, at: offset)
    }

    /// Adds a whole body.
    func append(_ body: HTTPBody) async throws {
        if let length = body.length, length > limit { throw Problem.contentTooLarge(limit: limit) }
        var offset: Int64 = 0
        for try await chunk in body { offset = try await append(chunk, at: offset) }
    }
}
