internal import FoundationEssentials
internal import Glibc
internal import Jobs

/// A file that is being written in a job's folder.
final class LocalFile {
    private let descriptor: Int32

    init(creating path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(errno) }
    }

    deinit { close(descriptor) }

    /// Adds bytes at the end.
    func write(_ data: Data) throws {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw Self.failure(errno) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// Bytes of a file.
    static func size(_ path: String) throws -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure(errno) }
        return Int64(status.st_size)
    }

    /// Bytes that can still be written where a path leads.
    static func freeBytes(near path: String) throws -> Int64 {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        var status = statvfs()
        guard statvfs(folder.isEmpty ? "." : folder, &status) == 0 else { throw failure(errno) }
        return Int64(status.f_bavail) * Int64(status.f_frsize)
    }

    private static func failure(_ code: Int32) -> JobFailure {
        code == ENOSPC || code == EDQUOT
            ? noSpace : JobFailure("io", "A file of the work cannot be used (errno \(code)).", retriable: true)
    }

    static let noSpace = JobFailure("no_space", "There is no room to work in.", retriable: true)
}
