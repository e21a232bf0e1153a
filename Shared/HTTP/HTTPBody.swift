public import FoundationEssentials
internal import Synchronization

/// Where the chunks of a body come from. One reader; `next` gives `nil` at the end and throws when the rest is lost.
public protocol HTTPBodySource: Sendable {
    /// The next chunk; waits for it.
    func next() async throws -> Data?
}

/// The content of a message as a sequence of chunks, read once, at the reader's pace (back pressure reaches the peer).
public struct HTTPBody: AsyncSequence, Sendable {
    public typealias Element = Data

    private let source: (any HTTPBodySource)?
    /// The length in bytes where it was announced.
    public let length: Int64?

    /// - Parameter length: bytes in all, where announced; the source is not held to it.
    public init(_ source: any HTTPBodySource, length: Int64? = nil) {
        self.source = source
        self.length = length
    }

    private init() {
        source = nil
        length = 0
    }

    /// No content.
    public static let empty = HTTPBody()

    /// Content that is in memory.
    public static func data(_ data: Data) -> HTTPBody {
        data.isEmpty ? .empty : HTTPBody(DataSource(data), length: Int64(data.count))
    }

    /// There is nothing to read.
    public var isEmpty: Bool { source == nil }

    /// Reads all of it.
    /// - Parameter limit: bytes at most.
    /// - Throws: ``Problem`` `content_too_large` (413) where it is longer.
    public func collect(upTo limit: Int) async throws -> Data {
        if let length, length > Int64(limit) { throw Problem.contentTooLarge(limit: Int64(limit)) }
        var all = Data()
        for try await chunk in self {
            if all.count + chunk.count > limit { throw Problem.contentTooLarge(limit: Int64(limit)) }
            if all.isEmpty { all = chunk } else { all.append(chunk) }
        }
        return all
    }

    public func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    /// The one pass over the chunks.
    public struct Iterator: AsyncIteratorProtocol {
        let source: (any HTTPBodySource)?

        public mutating func next() async throws -> Data? { try await source?.next() }

    }
}

private final class DataSource: HTTPBodySource {
    private let rest: Mutex<Data?>
    init(_ data: Data) { rest = Mutex(data) }
    func next() async throws -> Data? {
        rest.withLock { rest in
            defer { rest = nil }
            return rest
        }
    }
}
