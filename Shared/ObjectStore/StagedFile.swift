internal import CSystem
internal import Crypto
internal import Execution
public import FoundationEssentials
internal import Glibc
internal import Synchronization

/// A file that grows until it is whole: what an upload has so far. Survives the process.
///
/// Bytes are added at the end only. The SHA-256 is computed as bytes come; where bytes came in another process, they are
/// read once.
public final class StagedFile: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        /// Up to here the kernel was asked to write to disk.
        var writeback: Int64 = 0
        var hash: SHA256State?
    }

    /// A hash and how many bytes it has seen.
    private struct SHA256State: @unchecked Sendable {  // Touched by one call at a time: appends are serial.
        let hash: SHA256
        var seen: Int64
    }

    /// Bytes that are handed to the disk at a time.
    private static let writebackPiece: Int64 = 8 << 20

    /// Where the file is, or will be once anything is asked of it.
    public let path: String
    private let pool: BlockingPool
    private let state = Mutex(State())
    private let work = Mutex(())

    init(path: String, pool: BlockingPool) {
        self.path = path
        self.pool = pool
    }

    deinit {
        let descriptor = state.withLock { $0.descriptor }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Whether anything was staged.
    public var exists: Bool { access(path, F_OK) == 0 }

    /// The bytes that are there, durable, so that they may be acknowledged.
    public func durableSize() async throws -> Int64 {
        try await run { descriptor in
            try POSIXFile.check(fdatasync(descriptor), "fdatasync")
            return try Self.size(descriptor)
        }
    }

    /// Adds bytes at `offset`, which must be the end.
    /// - Returns: the new size.
    /// - Throws: ``ObjectStoreError``: `noSpace` where the disk is full (nothing of `data` is kept), `wrongOffset`.
    @discardableResult
    public func append(_ data: Data, at offset: Int64) async throws -> Int64 {
        try await run { [self] descriptor in
            let size = try Self.size(descriptor)
            guard size == offset else { throw ObjectStoreError(.wrongOffset, "\(offset) is not \(size)") }
            return try data.withUnsafeBytes { bytes in
                do { try POSIXFile.writeAll(bytes, to: descriptor, at: offset) } catch {
                    ftruncate(descriptor, Int(offset))
                    throw error
                }
                hash(bytes, at: offset)
                beginWriteback(descriptor, before: offset + Int64(bytes.count))
                return offset + Int64(bytes.count)
            }
        }
    }

    /// Takes away what stands after `size`, such as a part whose checksum was wrong.
    public func truncate(to size: Int64) async throws {
        try await run { [self] descriptor in
            try POSIXFile.check(ftruncate(descriptor, Int(size)), "ftruncate")
            state.withLock { if ($0.hash?.seen ?? 0) > size { $0.hash = nil } }
        }
    }

    /// Makes the content durable and gives its size and SHA-256.
    public func seal() async throws -> (size: Int64, sha256: Data) {
        try await run { [self] descriptor in
            try POSIXFile.check(fsync(descriptor), "fsync")
            let size = try Self.size(descriptor)
            try catchUp(descriptor, to: size)
            guard let hash = state.withLock({ $0.hash.take() }) else { return (size, SHA256.hash(Data())) }
            return (size, hash.hash.finalize())
        }
    }

    /// The first bytes, to tell what the content is.
    public func prefix(_ count: Int) async throws -> Data {
        try await run { try POSIXFile.prefix(count, of: $0) }
    }

    /// Takes the file away.
    public func remove() async throws {
        let path = path
        try await pool.run {
            if unlink(path) != 0, errno != ENOENT { throw POSIXFile.error(errno, "unlink") }
        }
    }

    // MARK: On the pool

    private func run<T: Sendable>(_ body: @escaping @Sendable (Int32) throws -> T) async throws -> T {
        try await pool.run { [self] in try work.withLock { _ in try body(try descriptor()) } }
    }

    private func descriptor() throws -> Int32 {
        try state.withLock { state in
            if state.descriptor < 0 {
                state.descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
                guard state.descriptor >= 0 else { throw POSIXFile.error(errno, "open") }
            }
            return state.descriptor
        }
    }

    private static func size(_ descriptor: Int32) throws -> Int64 {
        var status = stat()
        try POSIXFile.check(fstat(descriptor, &status), "fstat")
        return Int64(status.st_size)
    }

    /// Hashes bytes that were just written, where the hash has seen all before them.
    private func hash(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        state.withLock { state in
            if offset == 0 { state.hash = SHA256State(hash: SHA256(), seen: 0) }
            guard state.hash?.seen == offset else { return }
            state.hash?.hash.update(bytes: bytes)
            state.hash?.seen += Int64(bytes.count)
        }
    }

    /// Disk and network work at the same time: the flush at the end then finds little left to write.
    private func beginWriteback(_ descriptor: Int32, before end: Int64) {
        let start = state.withLock { state in
            // A file that was cut, or that another process began.
            if state.writeback > end { state.writeback = end }
            guard end - state.writeback >= Self.writebackPiece else { return end }
            defer { state.writeback = end }
            return state.writeback
        }
        if start < end { atelier_begin_writeback(descriptor, start, end - start) }
    }

    /// Hashes what came in another process.
    private func catchUp(_ descriptor: Int32, to size: Int64) throws {
        let start = state.withLock { $0.hash }
        var current = start ?? SHA256State(hash: SHA256(), seen: 0)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while current.seen < size {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, Int(current.seen))
            guard count > 0 else { throw POSIXFile.error(count < 0 ? errno : EIO, "pread") }
            current.hash.update(bytes: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            current.seen += Int64(count)
        }
        let done = current
        state.withLock { $0.hash = done }
    }
}
