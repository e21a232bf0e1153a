/// Reads all sound of a stream as planar float of one rate.
package final class SoundReader {
    private let demuxer: Demuxer
    private let decoder: Decoder
    private let resampler: Resampler
    private let limits: MediaLimits

    /// Takes over the demuxer: all other streams are dropped.
    /// - Parameter rate: samples per second of each channel that it gives.
    /// - Throws: ``MediaError`` where the stream cannot be decoded.
    package init(_ demuxer: Demuxer, stream: Int, rate: Int, channels: Int, limits: MediaLimits = MediaLimits()) throws
    {
        self.demuxer = demuxer
        self.limits = limits
        decoder = try Decoder(demuxer, stream: stream, limits: limits)
        resampler = Resampler(rate: rate, channels: channels)
        demuxer.keep(only: [stream])
    }

    /// Gives the sound piece by piece, to the end.
    /// - Throws: ``MediaError``: `tooLong` beyond the limit, also where the header told another length.
    package func read(_ body: (Frame) throws -> Void) throws {
        let packet = try Packet(), frame = try Frame()
        var samples: Int64 = 0
        func take(_ frame: Frame) throws {
            samples += Int64(frame.samples)
            guard samples * 1000 / Int64(resampler.rate) <= limits.maxDurationMs else {
                throw MediaError(.tooLong, "more sound than \(limits.maxDurationMs) ms")
            }
            if frame.samples > 0 { try body(frame) }
        }
        func drain() throws {
            while try decoder.receive(into: frame) { try take(resampler.convert(frame)) }
        }
        while try demuxer.read(into: packet) {
            guard packet.stream == decoder.stream else { continue }
            try decoder.send(packet)
            try drain()
        }
        try decoder.send(nil)
        try drain()
        if let rest = try resampler.drain() { try take(rest) }
        guard samples > 0 else { throw MediaError(.damaged, "no sound could be decoded") }
    }
}
