internal import Execution
public import FoundationEssentials
internal import Glibc
public import HTTP
internal import Synchronization

/// Bytes on their way to a store, on the disk of this machine so that they take no memory. The file has no name, so
/// nothing of it outlives the process. One writer.
public final class ScratchFile: Sendable {
    private let descriptor: Int32
    private let pool: BlockingPool
    private let written = Mutex<Int64>(0)

    /// - Parameter path: a name for the moment in which the file is made.
    init(path: String, pool: BlockingPool) async throws {
        self.pool = pool
        descriptor = try await pool.run {
            let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw POSIXFile.error(errno, "open") }
            unlink(path)
            return descriptor
        }
    }

    deinit { close(descriptor) }

    /// In bytes.
    public var size: Int64 { written.withLock { $0 } }

    /// All of it, to be sent. To be used while this object is held.
    public var region: FileRegion { FileRegion(path: "/proc/self/fd/\(descriptor)", offset: 0, length: size) }

    /// Adds bytes at the end.
    /// - Throws: ``ObjectStoreError`` `noSpace` where the disk is full; nothing of `data` counts then.
    public func append(_ data: Data) async throws {
        let start = size
        try await pool.run { [descriptor] in
            try data.withUnsafeBytes { try POSIXFile.writeAll($0, to: descriptor, at: start) }
        }
        written.withLock { $0 = start + Int64(data.count) }
    }

    /// The first bytes, to tell what the content is.
    public func prefix(_ count: Int) async throws -> Data {
        let wanted = Int(min(Int64(count), size))
        return try await pool.run { [descriptor] in try POSIXFile.prefix(wanted, of: descriptor) }
    }
}
