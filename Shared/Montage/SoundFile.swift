internal import AV
internal import CLibAV
internal import Glibc

/// Reads the sound of a file as stereo at 48 kHz.
enum SoundFile {
    /// - Parameters:
    ///   - range: the part to read, in milliseconds; `nil` for all.
    ///   - limitMs: what is longer is left out.
    /// - Returns: the sound; `nil` where the file has none.
    /// - Throws: ``MediaError``, `CancellationError`.
    static func read(path: String, range: Range<Int>? = nil, limitMs: Int, interrupt: Interrupt) throws -> SampleBuffer?
    {
        let demuxer = try Demuxer(FileSource(path: path), interrupt: interrupt)
        guard let stream = demuxer.best(AVMEDIA_TYPE_AUDIO) else { return nil }
        demuxer.keep(only: [stream])
        let decoder = try Decoder(demuxer, stream: stream)
        if let range, range.lowerBound > 0 { try demuxer.seek(toMs: Int64(range.lowerBound)) }
        var sink = Sink(
            resampler: Resampler(rate: SampleBuffer.rate, channels: 2, format: AV_SAMPLE_FMT_FLT),
            limit: SampleBuffer.frames(ms: min(limitMs, range.map(\.count) ?? limitMs)))
        let packet = try Packet()
        let frame = try Frame()
        var isDrained = false
        while !sink.isFull {
            if try decoder.receive(into: frame) {
                if sink.isEmpty, let range {
                    sink.skip = Self.skip(frame, decoder, demuxer, startMs: range.lowerBound)
                }
                try sink.add(sink.resampler.convert(frame))
            } else if isDrained {
                break
            } else if try demuxer.read(into: packet) {
                if packet.stream == stream { try decoder.send(packet) }
            } else {
                isDrained = true
                try decoder.send(nil)
            }
        }
        if let rest = try sink.resampler.drain() { try sink.add(rest) }
        let buffer = try SampleBuffer(frames: sink.frames)
        sink.samples.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { buffer.samples.update(from: base, count: sink.frames * 2) }
        }
        return buffer
    }

    /// Frames of 48 kHz between where a seek landed and where reading shall begin.
    private static func skip(_ frame: Frame, _ decoder: Decoder, _ demuxer: Demuxer, startMs: Int) -> Int {
        guard let pts = frame.bestPTS else { return 0 }
        let start = demuxer.stream(decoder.stream).pointee.start_time
        let ticks = pts - (start == ATELIER_NOPTS ? 0 : start)
        let ms = Double(ticks) * Double(decoder.timeBase.num) / Double(decoder.timeBase.den) * 1000
        return max(0, Int((Double(startMs) - ms) * Double(SampleBuffer.rate) / 1000))
    }

    /// Collects what the resampler gives.
    private struct Sink {
        let resampler: Resampler
        let limit: Int
        var skip = 0
        var samples: [Float] = []

        var frames: Int { min(limit, samples.count / 2) }
        var isFull: Bool { samples.count / 2 >= limit }
        var isEmpty: Bool { samples.isEmpty }

        mutating func add(_ frame: Frame) throws {
            let leave = min(skip, frame.samples)
            skip -= leave
            let source = UnsafeMutableRawPointer(frame.plane(0)).assumingMemoryBound(to: Float.self)
            samples.append(
                contentsOf: UnsafeBufferPointer(start: source + 2 * leave, count: 2 * (frame.samples - leave)))
        }
    }
}
