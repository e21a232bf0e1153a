/// Where the bytes of an input come from. Called from one thread at a time; may block.
public protocol ByteSource: AnyObject {
    /// The whole size in bytes, where it is known.
    var size: Int64? { get }

    /// Reads at most `buffer.count` bytes at `offset`; 0 at the end.
    /// - Throws: ``MediaError``, `CancellationError`.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}
