public import FoundationEssentials

/// The bytes of something that is fetched in ranges (HTTP `Range`), with one window of read-ahead.
public final class RangeSource: ByteSource {
    /// Fetches the bytes of a range, or fewer at the end. Blocks.
    public typealias Fetch = (Range<Int64>) throws -> Data

    /// The whole size in bytes.
    public let size: Int64?
    private let window: Int64
    private let fetch: Fetch
    private var held = Data()
    private var heldAt: Int64 = 0

    /// - Parameters:
    ///   - size: the whole size in bytes.
    ///   - window: how many bytes are fetched at a time.
    public init(size: Int64, window: Int = 1 << 20, fetch: @escaping Fetch) {
        self.size = size
        self.window = Int64(window)
        self.fetch = fetch
    }

    /// Reads from the window, which moves where it must.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let size, offset < size else { return 0 }
        if offset < heldAt || offset >= heldAt + Int64(held.count) {
            held = try fetch(offset..<min(size, offset + max(window, Int64(buffer.count))))
            heldAt = offset
            guard !held.isEmpty else { return 0 }
        }
        let from = held.startIndex + Int(offset - heldAt)
        let count = min(buffer.count, held.endIndex - from)
        held.copyBytes(to: buffer, from: from..<(from + count))
        return count
    }
}
