internal import FoundationEssentials
internal import Glibc

/// System calls on files, with typed errors. Each blocks: call them on a pool for that.
enum POSIXFile {
    static func check(_ result: Int32, _ call: StaticString) throws {
        if result != 0 { throw error(errno, call) }
    }

    static func error(_ number: Int32, _ call: StaticString) -> ObjectStoreError {
        let code: ObjectStoreError.Code =
            switch number {
            case ENOENT, ENOTDIR: .notFound
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            case EACCES, EPERM, EROFS: .denied
            default: .unavailable
            }
        return ObjectStoreError(code, "\(call): \(String(cString: strerror(number)))")
    }

    /// Opens a file for the time of `body`.
    static func withFile<T>(_ path: String, _ flags: Int32, _ body: (Int32) throws -> T) throws -> T {
        let descriptor = open(path, flags | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw error(errno, "open") }
        defer { close(descriptor) }
        return try body(descriptor)
    }

    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int64) throws {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, Int(offset) + done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw error(count < 0 ? errno : ENOSPC, "pwrite") }
            done += count
        }
    }

    /// The first bytes of an open file, as many as there are.
    static func prefix(_ count: Int, of descriptor: Int32) throws -> Data {
        var buffer = Data(count: count)
        let found = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard found >= 0 else { throw error(errno, "pread") }
        return buffer.prefix(found)
    }

    static func size(_ path: String) throws -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw error(errno, "stat")
        }
        return status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
    }

    /// Makes a folder and those above it, each durable in its parent.
    static func makeFolder(_ path: String) throws {
        if mkdir(path, 0o750) == 0 { return try syncFolder(parent(path)) }
        switch errno {
        case EEXIST: return
        case ENOENT:
            try makeFolder(parent(path))
            if mkdir(path, 0o750) != 0, errno != EEXIST { throw error(errno, "mkdir") }
            try syncFolder(parent(path))
        default: throw error(errno, "mkdir")
        }
    }

    /// Makes the entries of a folder durable: a rename is lost without it.
    static func syncFolder(_ path: String) throws {
        try withFile(path, O_RDONLY | O_DIRECTORY) { try check(fsync($0), "fsync folder") }
    }

    static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The names in a folder, without `.` and `..`; none where there is no folder.
    static func names(_ path: String) -> [(name: String, isFolder: Bool)] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var found: [(String, Bool)] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { found.append((name, entry.pointee.d_type == UInt8(DT_DIR))) }
        }
        return found
    }
}
