internal import FoundationEssentials
internal import HTTP

/// Content that came and waits for its reader, as a value: which side must wait, which can go on.
struct ContentBuffer {
    private var chunks: [Data] = []
    private var head = 0
    private(set) var count = 0
    private(set) var hasEnded = false
    private(set) var isBroken = false
    private var reader: CheckedContinuation<Data?, any Error>?
    let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The connection must wait until the reader took something.
    var isFull: Bool { count >= limit }

    /// A reader that can go on now, with what it gets.
    struct Wake {
        let reader: CheckedContinuation<Data?, any Error>
        let result: Result<Data?, any Error>
        func callAsFunction() { reader.resume(with: result) }
    }

    mutating func append(_ chunk: Data) -> Wake? {
        if let reader = reader.take() { return Wake(reader: reader, result: .success(chunk)) }
        chunks.append(chunk)
        count += chunk.count
        return nil
    }

    mutating func end() -> Wake? {
        hasEnded = true
        guard let reader = reader.take() else { return nil }
        return Wake(reader: reader, result: .success(nil))
    }

    /// The rest will not come.
    mutating func fail() -> Wake? {
        isBroken = !hasEnded
        guard let reader = reader.take() else { return nil }
        return Wake(reader: reader, result: .failure(PeerGone()))
    }

    /// Throws away what waits.
    mutating func clear() {
        chunks = []
        head = 0
        count = 0
    }

    /// Lets `reader` wait, or gives it at once what is there. Several chunks that wait become one.
    mutating func take(_ reader: CheckedContinuation<Data?, any Error>) -> Wake? {
        guard head == chunks.count else {
            var all = chunks[head]
            head += 1
            while head < chunks.count, all.count + chunks[head].count <= 256 << 10 {
                all.append(chunks[head])
                head += 1
            }
            count -= all.count
            if head == chunks.count {
                chunks.removeAll(keepingCapacity: true)
                head = 0
            }
            return Wake(reader: reader, result: .success(all))
        }
        if hasEnded { return Wake(reader: reader, result: .success(nil)) }
        if isBroken { return Wake(reader: reader, result: .failure(PeerGone())) }
        precondition(self.reader == nil, "a body has one reader")
        self.reader = reader
        return nil
    }

    mutating func cancelReader() -> Wake? {
        reader.take().map { Wake(reader: $0, result: .failure(CancellationError())) }
    }
}
