import FoundationEssentials
import HTTP
import Synchronization
import Testing

struct ContentBufferTests {
    /// Bytes that tell when they are freed.
    private func tracked(_ live: @escaping @Sendable (Int) -> Void) -> Data {
        live(1)
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: 100_000, alignment: 1)
        return Data(
            bytesNoCopy: bytes, count: 100_000,
            deallocator: .custom { pointer, _ in
                pointer.deallocate()
                live(-1)
            })
    }

    @Test func keepsNothingThatWasRead() async throws {
        let live = Mutex(0)
        let buffer = Mutex(ContentBuffer(limit: 1 << 20))
        for _ in 0..<3 { _ = buffer.withLock { $0.append(tracked { change in live.withLock { $0 += change } }) } }
        // The reader is never quite done: there is always more.
        for _ in 0..<1000 {
            _ = buffer.withLock { $0.append(tracked { change in live.withLock { $0 += change } }) }
            let chunk: Data? = try await withCheckedThrowingContinuation { reader in
                let wake = buffer.withLock { $0.take(reader) }
                wake?()
            }
            #expect(chunk?.count == 100_000)
        }
        #expect(live.withLock { $0 } <= 4)
        #expect(buffer.withLock { $0.count } == 300_000)
    }
}
