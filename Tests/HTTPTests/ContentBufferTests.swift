import FoundationEssentials
import HTTP
import Synchronization
import Testing

struct ContentBufferTests {
    /// Bytes that tell when they are freed.
    private func tracked(_ live: @escaping @Sendable (Int) -> Void) -> Data {
        live(1)
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 300_000, alignment: 1)
        return Data(
            bytesNoCopy: bytes, count: 300_000,
            deallocator: .custom { pointer, _ in
                pointer.deallocate()
                live(-1)
            })
    }

    @Test func keepsNothingThatWasRead() async throws {
        let live = Mutex(0)
        let buffer = Mutex(ContentBuffer(limit: 1 << 20))
        for _ in 0..<3 { _ = buffer.withLock { $0.append(tracked { change in live.withLock { $0 += change } }) } }
        // The reader is never quite done: there is always more. Two pieces are too much for one.
        for _ in 0..<1000 {
            _ = buffer.withLock { $0.append(tracked { change in live.withLock { $0 += change } }) }
            let chunk: Data? = try await withCheckedThrowingContinuation { reader in
                let wake = buffer.withLock { $0.take(reader) }
                wake?()
            }
            #expect(chunk?.count == 300_000)
        }
        #expect(live.withLock { $0 } <= 4)
        #expect(buffer.withLock { $0.count } == 900_000)
    }

    @Test func whatWaitsComesTogetherInOrder() async throws {
        let buffer = Mutex(ContentBuffer(limit: 1 << 20))
        for number in 0..<7 {
            _ = buffer.withLock { $0.append(Data(repeating: UInt8(number), count: 100_000)) }
        }
        func next() async throws -> Data? {
            try await withCheckedThrowingContinuation { reader in
                let wake = buffer.withLock { $0.take(reader) }
                wake?()
            }
        }
        // Half a megabyte at most.
        let pieces = [try await next(), try await next()].compactMap { $0 }
        #expect(pieces.map(\.count) == [500_000, 200_000])
        let whole = (0..<7).reduce(Data()) { $0 + Data(repeating: UInt8($1), count: 100_000) }
        #expect(pieces.reduce(Data(), +) == whole)
        #expect(buffer.withLock { $0.count } == 0)
    }
}
