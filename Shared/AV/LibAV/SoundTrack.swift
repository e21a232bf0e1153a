internal import CLibAV

/// Decodes a sound stream, brings it to one rate and encodes it as one track, at its place in time: what is missing at
/// the start or in between becomes silence.
final class SoundTrack {
    let track: EncodedTrack
    private let decoder: Decoder
    private let resampler: Resampler
    private let queue: SampleQueue
    private let start: Int64
    private let limits: MediaLimits
    private let range: Range<Int64>
    private let frame: Frame
    /// Samples that went in so far.
    private var written: Int64 = 0
    private var isPlaced = false

    /// - Parameter range: the part that is taken, in 1/90000 s; its beginning becomes 0.
    init(
        _ demuxer: Demuxer, stream index: Int, settings: Encoder.Audio, range: Range<Int64>, limits: MediaLimits,
        globalHeader: Bool
    ) throws {
        decoder = try Decoder(demuxer, stream: index, limits: limits)
        let encoder = try Encoder(settings, globalHeader: globalHeader)
        track = try EncodedTrack(encoder)
        resampler = Resampler(rate: encoder.sampleRate, channels: encoder.channels, format: encoder.sampleFormat)
        queue = try SampleQueue(format: encoder.sampleFormat, channels: encoder.channels, rate: encoder.sampleRate)
        start = demuxer.startTime90k
        self.limits = limits
        self.range = range
        frame = try Frame()
    }

    var stream: Int { decoder.stream }

    /// How much sound there is so far, in 1/90000 s.
    var endTime: Int64 { written * 90_000 / Int64(resampler.rate) }

    /// Decodes a packet and encodes what came of it.
    func feed(_ packet: Packet) throws {
        try decoder.send(packet)
        try drain()
    }

    func finish() throws {
        try decoder.send(nil)
        try drain()
        if let rest = try resampler.drain() { try add(rest) }
        try encode(all: true)
        try track.encode(nil)
    }

    private func drain() throws {
        while try decoder.receive(into: frame) {
            let time =
                frame.bestPTS.map { av_rescale_q($0, decoder.timeBase, VideoChain.timeBase) - start - range.lowerBound }
            let length = Int64(frame.samples) * 90_000 / Int64(max(1, frame.sampleRate))
            if let time {
                if time + length <= 0 || time >= range.upperBound - range.lowerBound { continue }
                try fillGap(until: time)
            }
            try add(resampler.convert(frame))
            try encode(all: false)
        }
    }

    private func add(_ sound: Frame) throws {
        guard sound.samples > 0 else { return }
        guard endTime / 90 <= limits.maxDurationMs else {
            throw MediaError(.tooLong, "more sound than \(limits.maxDurationMs) ms")
        }
        try queue.add(sound)
        written += Int64(sound.samples)
    }

    /// Writes silence up to `time`, where more than a tenth of a second is missing (or anything, at the start).
    private func fillGap(until time: Int64) throws {
        let rate = Int64(resampler.rate)
        let missing = time * rate / 90_000 - written
        guard missing > (isPlaced ? rate / 10 : 0) else {
            isPlaced = true
            return
        }
        isPlaced = true
        guard time / 90 <= limits.maxDurationMs else { throw MediaError(.tooLong, "sound beyond the limit") }
        var left = missing
        while left > 0 {
            let count = min(left, rate)
            let silence = try Frame(
                samples: Int(count), format: resampler.format, channels: resampler.channels, rate: resampler.rate)
            av_samples_set_silence(
                silence.pointer.pointee.extended_data, 0, Int32(count), Int32(resampler.channels), resampler.format)
            try add(silence)
            try encode(all: false)
            left -= count
        }
    }

    private func encode(all: Bool) throws {
        let size = track.encoder.frameSize ?? 1024
        while queue.count >= size || (all && queue.count > 0) {
            guard let piece = try queue.take(size) else { return }
            try track.encode(piece)
        }
    }
}
