import FoundationEssentials
import HTTP
import Jobs
import NetworkClient

extension StorageClient {
    /// Writes the bytes of an asset to a file.
    /// - Parameter limit: bytes at most.
    /// - Throws: `JobFailure`: `asset_not_found`, `too_large`, `no_space`, `storage_unavailable`; `CancellationError`.
    func fetch(_ id: UUID, workspaceID: UUID, to path: String, limit: Int64) async throws -> AssetLink {
        let link = try await link(to: id, workspaceID: workspaceID)
        guard link.size <= limit else {
            throw JobFailure("too_large", "\(link.size) bytes are over the limit of \(limit) bytes.", retriable: false)
        }
        // What is made of it needs room as well.
        guard try LocalFile.freeBytes(near: path) > link.size * 2 + (64 << 20) else {
            throw JobFailure("no_space", "There is no room to work in.", retriable: true)
        }
        let url = link.url.hasPrefix("/") ? baseURL + link.url : link.url
        try await translating {
            let response = try await http.execute(HTTPClientRequest(.GET, url, timeout: nil))
            try await refuse(response, unless: [.ok])
            let file = try LocalFile(creating: path)
            var count: Int64 = 0
            for try await chunk in response.body {
                count += Int64(chunk.count)
                guard count <= link.size else { break }
                try file.write(chunk)
            }
            guard count == link.size else {
                throw JobFailure("storage_unavailable", "Storage sent another number of bytes.", retriable: true)
            }
        }
        return link
    }
}
