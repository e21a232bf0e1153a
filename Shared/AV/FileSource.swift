internal import Glibc

/// The bytes of a file, through its descriptor: no name ever reaches libav.
public final class FileSource: ByteSource {
    private let descriptor: Int32
    /// The size when it was opened, in bytes.
    public let size: Int64?

    /// - Throws: ``MediaError`` with `io` where the file cannot be opened or is no regular file.
    public init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw MediaError(.io, "the file cannot be opened (errno \(errno))") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw MediaError(.io, "not a regular file")
        }
        size = Int64(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads at a place of the file, wherever the last read was.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            if errno != EINTR { throw MediaError(.io, "the file cannot be read (errno \(errno))") }
        }
    }
}
