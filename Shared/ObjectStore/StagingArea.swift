internal import Execution
public import FoundationEssentials
internal import Glibc
internal import HTTP
internal import Primitives
internal import Synchronization

/// The folder of files that are not whole yet, by id. On the same file system as a ``FileSystemStore``.
public final class StagingArea: Sendable {
    /// The folder's path; its files are named by their ids.
    public let folder: String
    private let pool: BlockingPool
    private struct Weak { weak var file: StagedFile? }
    private let files = Mutex<[UUID: Weak]>([:])

    /// - Parameter folder: made where it is missing.
    /// - Throws: ``ObjectStoreError``.
    public init(folder: String) throws {
        self.folder = folder
        pool = BlockingPool(name: "staging", threads: 8, queueLimit: 4096)
        try POSIXFile.makeFolder(folder)
    }

    /// The file of an id; the same object while someone holds it. Made with the first byte.
    public func file(_ id: UUID) -> StagedFile {
        files.withLock { files in
            if let file = files[id]?.file { return file }
            let file = StagedFile(path: "\(folder)/\(id.text)", pool: pool)
            if files.count > 256 { files = files.filter { $0.value.file != nil } }
            files[id] = Weak(file: file)
            return file
        }
    }

    /// A file for bytes that need not survive the process.
    /// - Throws: ``ObjectStoreError``.
    public func scratch() async throws -> ScratchFile {
        try await ScratchFile(path: "\(folder)/scratch-\(UUID().uuidString)", pool: pool)
    }

    /// The ids of all files, for cleaning up, with the time of their last change.
    public func all() async throws -> [(id: UUID, changedAt: Date)] {
        let folder = folder
        return try await pool.run {
            POSIXFile.names(folder).compactMap { entry in
                guard let id = UUID(uuidString: entry.name) else { return nil }
                var status = stat()
                guard stat("\(folder)/\(entry.name)", &status) == 0 else { return nil }
                return (id, Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec)))
            }
        }
    }

    /// How large the file system is, and how many bytes it has left for us.
    /// - Throws: ``ObjectStoreError``.
    public func space() async throws -> (size: Int64, free: Int64) {
        let folder = folder
        return try await pool.run {
            var status = statvfs()
            try POSIXFile.check(statvfs(folder, &status), "statvfs")
            let block = Int64(clamping: status.f_frsize)
            return (Int64(clamping: status.f_blocks) * block, Int64(clamping: status.f_bavail) * block)
        }
    }
}
