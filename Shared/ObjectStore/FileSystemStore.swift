internal import Execution
public import FoundationEssentials
internal import Glibc
public import HTTP
internal import Synchronization

/// Objects as files in a folder. Durable by fsync of the file, rename, fsync of the folder, in this order.
public final class FileSystemStore: ObjectStore {
    private let root: String
    private let pool = BlockingPool(name: "objects", threads: 8, queueLimit: 4096)

    /// - Parameter root: made where it is missing.
    /// - Throws: ``ObjectStoreError``.
    public init(root: String) throws {
        self.root = root
        try POSIXFile.makeFolder(root)
    }

    public func adopt(_ file: StagedFile, as key: String, contentType: String) async throws {
        let path = try path(key)
        let source = file.path
        try await pool.run {
            try POSIXFile.withFile(source, O_RDONLY) { try POSIXFile.check(fsync($0), "fsync") }
            let folder = POSIXFile.parent(path)
            try POSIXFile.makeFolder(folder)
            try POSIXFile.check(rename(source, path), "rename")
            try POSIXFile.syncFolder(folder)
        }
    }

    public func info(_ key: String) async throws -> ObjectInfo? {
        let path = try path(key)
        return try await pool.run { try POSIXFile.size(path).map { ObjectInfo(key: key, size: $0) } }
    }

    public func read(_ key: String, range: ByteRange?) async throws -> HTTPBody {
        guard let info = try await info(key) else { throw ObjectStoreError(.notFound, key) }
        let range = range ?? ByteRange(offset: 0, length: info.size)
        return HTTPBody(FileReader(path: try path(key), range: range, pool: pool), length: range.length)
    }

    public var awaySince: Date? { nil }

    public func look() async {}

    public func localPath(_ key: String) -> String? { try? path(key) }

    public func presignedURL(
        _ key: String, lifetime: Duration, contentType: String, disposition: String?
    ) throws -> String? { nil }

    public func delete(_ key: String) async throws {
        let path = try path(key)
        try await pool.run {
            if unlink(path) != 0, errno != ENOENT, errno != ENOTDIR { throw POSIXFile.error(errno, "unlink") }
        }
    }

    public func list(prefix: String, after: String?, limit: Int) async throws -> [ObjectInfo] {
        let root = root
        return try await pool.run {
            var found: [String] = []
            func walk(_ folder: String) {
                for entry in POSIXFile.names(root + "/" + folder) {
                    let key = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
                    if entry.isFolder {
                        let below = key + "/"
                        if below.hasPrefix(prefix) || prefix.hasPrefix(below) { walk(key) }
                    } else if key.hasPrefix(prefix), after.map({ key > $0 }) ?? true {
                        found.append(key)
                    }
                }
            }
            walk("")
            return try found.sorted().prefix(limit).compactMap { key in
                try POSIXFile.size("\(root)/\(key)").map { ObjectInfo(key: key, size: $0) }
            }
        }
    }

    private func path(_ key: String) throws -> String {
        guard ObjectKey.isValid(key) else { throw ObjectStoreError(.invalidKey, key) }
        return "\(root)/\(key)"
    }
}

/// Reads a part of a file in chunks, on a pool.
private final class FileReader: HTTPBodySource {
    private let path: String
    private let pool: BlockingPool
    private let end: Int64
    private let position: Atomic<Int64>

    init(path: String, range: ByteRange, pool: BlockingPool) {
        self.path = path
        self.pool = pool
        end = range.offset + range.length
        position = Atomic(range.offset)
    }

    func next() async throws -> Data? {
        let start = position.load(ordering: .relaxed)
        let wanted = Int(min(256 << 10, end - start))
        guard wanted > 0 else { return nil }
        let path = path
        let data = try await pool.run {
            try POSIXFile.withFile(path, O_RDONLY) { descriptor in
                var buffer = Data(count: wanted)
                let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, Int(start)) }
                guard count > 0 else { throw POSIXFile.error(count < 0 ? errno : EIO, "pread") }
                return buffer.prefix(count)
            }
        }
        position.store(start + Int64(data.count), ordering: .relaxed)
        return data
    }
}
