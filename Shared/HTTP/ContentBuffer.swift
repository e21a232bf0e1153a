public import FoundationEssentials

/// Content that came and waits for its reader, as a value: which side must wait, which can go on.
public struct ContentBuffer {
    private var chunks: [Data] = []
    private var head = 0
    /// Bytes that wait.
    public private(set) var count = 0
    /// Everything came; what waits may still be taken.
    public private(set) var hasEnded = false
    private var failure: (any Error)?
    private var reader: CheckedContinuation<Data?, any Error>?
    private let limit: Int
    private static let largestPiece = 512 << 10

    /// - Parameter limit: bytes that may wait before the sender is held back.
    public init(limit: Int) { self.limit = limit }

    /// The connection must wait until the reader took something.
    public var isFull: Bool { count >= limit }

    /// A reader that can go on now, with what it gets.
    public struct Wake: Sendable {
        fileprivate let reader: CheckedContinuation<Data?, any Error>
        fileprivate let result: Result<Data?, any Error>
        /// Lets it go on; call it outside of locks.
        public func callAsFunction() { reader.resume(with: result) }
    }

    /// Adds a chunk. Never refuses: the sender looks at ``isFull`` and waits.
    public mutating func append(_ chunk: Data) -> Wake? {
        if let reader = reader.take() { return Wake(reader: reader, result: .success(chunk)) }
        chunks.append(chunk)
        count += chunk.count
        return nil
    }

    /// No more will come.
    public mutating func end() -> Wake? {
        hasEnded = true
        guard let reader = reader.take() else { return nil }
        return Wake(reader: reader, result: .success(nil))
    }

    /// The rest will not come.
    public mutating func fail(_ error: any Error) -> Wake? {
        if !hasEnded { failure = error }
        guard let reader = reader.take() else { return nil }
        return Wake(reader: reader, result: .failure(error))
    }

    /// Throws away what waits.
    public mutating func clear() {
        chunks = []
        head = 0
        count = 0
    }

    /// Lets `reader` wait, or gives it at once what is there. Several chunks that wait become one.
    public mutating func take(_ reader: CheckedContinuation<Data?, any Error>) -> Wake? {
        guard head == chunks.count else {
            // A reader that is slower than the sender gets more at a time: to hand a piece over costs more than to copy it.
            var (size, end) = (chunks[head].count, head + 1)
            while end < chunks.count, size + chunks[end].count <= Self.largestPiece {
                size += chunks[end].count
                end += 1
            }
            var all = removeFirst()
            if head < end { all.reserveCapacity(size) }
            while head < end { all.append(removeFirst()) }
            count -= size
            // A reader that never quite catches up must not keep what it has read.
            if head == chunks.count || head >= 64 {
                chunks.removeFirst(head)
                head = 0
            }
            return Wake(reader: reader, result: .success(all))
        }
        if hasEnded { return Wake(reader: reader, result: .success(nil)) }
        if let failure { return Wake(reader: reader, result: .failure(failure)) }
        precondition(self.reader == nil, "a body has one reader")
        self.reader = reader
        return nil
    }

    private mutating func removeFirst() -> Data {
        defer {
            chunks[head] = Data()
            head += 1
        }
        return chunks[head]
    }

    /// Lets a waiting reader go with `CancellationError`.
    public mutating func cancelReader() -> Wake? {
        reader.take().map { Wake(reader: $0, result: .failure(CancellationError())) }
    }
}
