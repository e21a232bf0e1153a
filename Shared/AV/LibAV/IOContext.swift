package import CLibAV
internal import Glibc

/// libav's byte stream over a ``ByteSource``: reading and seeking pass through Swift, and nothing else is opened.
package final class IOContext {
    /// libav's stream; owned.
    package let pointer: UnsafeMutablePointer<AVIOContext>
    private let box: Unmanaged<Box>

    /// What the source or the interrupt threw, which libav turns into a plain status.
    package var failure: (any Error)? { box.takeUnretainedValue().failure }

    /// - Parameters:
    ///   - source: kept until this ends, and asked on the thread that libav works on.
    ///   - interrupt: asked before each read.
    ///   - bufferSize: bytes that libav reads at once.
    package init(reading source: any ByteSource, interrupt: Interrupt, bufferSize: Int = 64 * 1024) throws {
        let box = Unmanaged.passRetained(Box(source: source, interrupt: interrupt))
        let memory = av_malloc(bufferSize)?.assumingMemoryBound(to: UInt8.self)
        guard
            let pointer = avio_alloc_context(
                memory, Int32(bufferSize), 0, box.toOpaque(),
                { context, buffer, count in Box.of(context).read(buffer, Int(count)) }, nil,
                { context, offset, whence in Box.of(context).seek(offset, whence) })
        else {
            av_free(memory)
            box.release()
            throw MediaError(.outOfMemory, "byte stream")
        }
        self.box = box
        self.pointer = pointer
    }

    deinit {
        av_free(pointer.pointee.buffer)
        var freed: UnsafeMutablePointer<AVIOContext>? = pointer
        avio_context_free(&freed)
        // Balanced with `passRetained` in `init`: libav no longer calls back.
        box.release()
    }

    private final class Box {
        let source: any ByteSource
        let interrupt: Interrupt
        var position: Int64 = 0
        var failure: (any Error)?

        init(source: any ByteSource, interrupt: Interrupt) {
            self.source = source
            self.interrupt = interrupt
        }

        static func of(_ context: UnsafeMutableRawPointer?) -> Box {
            guard let context else { preconditionFailure("libav lost the context of a byte stream") }
            return Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
        }

        func read(_ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int32 {
            do {
                try interrupt.check()
                let read = try source.read(
                    at: position, into: UnsafeMutableRawBufferPointer(start: buffer, count: count))
                position += Int64(read)
                return read == 0 ? ATELIER_AVERROR_EOF : Int32(read)
            } catch {
                failure = error
                return ATELIER_AVERROR_EXIT
            }
        }

        func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
            if whence & AVSEEK_SIZE != 0 { return source.size ?? -1 }
            let target: Int64? =
                switch whence & 0xFF {
                case SEEK_SET: offset
                case SEEK_CUR: position.addingReportingOverflow(offset).partialValue
                case SEEK_END: source.size.map { $0.addingReportingOverflow(offset).partialValue }
                default: nil
                }
            guard let target, target >= 0 else { return Int64(ATELIER_AVERROR_EINVAL) }
            position = target
            return target
        }
    }
}
