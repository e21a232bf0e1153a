public import FoundationEssentials
internal import HTTP
internal import Jobs
internal import Primitives

extension AssetClient {
    /// Where an asset's bytes can be read for some hours, with ranges and without a header.
    private struct Link: Decodable, Sendable {
        let url: String
        let contentType: String
        let size: Int64
    }

    private func link(to id: UUID, workspaceID: UUID) async throws -> Link {
        try await send(try json(.POST, "/internal/v1/assets/\(id.text)/url", ["workspaceId": workspaceID.text]))
    }

    /// The bytes of an asset; `nil` where there is none in this workspace.
    public func open(_ id: UUID, workspaceID: UUID) async throws -> AssetContent? {
        try await unlessMissing {
            let link = try await link(to: id, workspaceID: workspaceID)
            return try await translating {
                AssetContent(body: try await get(link.url), size: link.size, contentType: link.contentType)
            }
        }
    }

    /// Writes the bytes of an asset to a file.
    /// - Parameter limit: bytes at most.
    /// - Throws: `JobFailure`, also `too_large`, `no_space` and `io`; `CancellationError`.
    public func fetch(_ id: UUID, workspaceID: UUID, to path: String, limit: Int64) async throws {
        let link = try await link(to: id, workspaceID: workspaceID)
        guard link.size <= limit else {
            throw JobFailure("too_large", "\(link.size) bytes are over the limit of \(limit) bytes.", retriable: false)
        }
        // What is made of it needs room as well.
        guard try LocalFile.freeBytes(near: path) > link.size * 2 + (64 << 20) else { throw LocalFile.noSpace }
        try await translating {
            let body = try await get(link.url)
            let file = try LocalFile(creating: path)
            var count: Int64 = 0
            for try await chunk in body {
                count += Int64(chunk.count)
                guard count <= link.size else { break }
                try file.write(chunk)
            }
            guard count == link.size else {
                throw JobFailure("storage_unavailable", "Storage sent another number of bytes.", retriable: true)
            }
        }
    }
}
