/// The peaks of a sound, in the JSON shape of BBC's `audiowaveform` (version 2), which players read.
public struct Waveform: Codable, Sendable, Hashable {
    /// The version of the shape.
    public var version = 2
    /// Channels that are told apart: one.
    public var channels = 1
    /// Samples a second of what was measured.
    public var sampleRate: Int
    /// Samples of one pair.
    public var samplesPerPixel: Int
    /// Bits of one value.
    public var bits = 8
    /// Pairs in `data`.
    public var length: Int
    /// Lowest and highest value of each stretch, from −128 to 127, one after the other.
    public var data: [Int8]

    enum CodingKeys: String, CodingKey {
        case version, channels, bits, length, data
        case sampleRate = "sample_rate"
        case samplesPerPixel = "samples_per_pixel"
    }

    /// Reads the peaks of a file's sound.
    /// - Parameter points: at most twice as many stretches come out, at least this many where the sound is long enough.
    /// - Throws: ``MediaError``: `invalidRequest` where there is no sound; `CancellationError`.
    public init(
        of source: any ByteSource, points: Int = 1000, limits: MediaLimits = MediaLimits(),
        interrupt: Interrupt = Interrupt(), onProgress: @escaping (MediaProgress) -> Void = { _ in }
    ) throws {
        let demuxer = try Demuxer(source, limits: limits, interrupt: interrupt)
        guard let stream = demuxer.bestAudio else { throw MediaError(.invalidRequest, "there is no sound in it") }
        let rate = 16_000
        let meter = ProgressMeter(durationMs: demuxer.durationMs, report: onProgress)
        var peaks = PeakCollector(limit: max(2, points) * 2)
        var samples: Int64 = 0
        try SoundReader(demuxer, stream: stream, rate: rate, channels: 1, limits: limits).read { frame in
            peaks.add(frame.floats(0))
            samples += Int64(frame.samples)
            meter.update(ms: samples * 1000 / Int64(rate))
        }
        self.init(peaks, sampleRate: rate)
    }

    init(_ peaks: PeakCollector, sampleRate: Int) {
        self.sampleRate = sampleRate
        samplesPerPixel = peaks.samplesPerPeak
        let pairs = peaks.finished
        length = pairs.count
        data = pairs.flatMap { [Self.byte($0.low), Self.byte($0.high)] }
    }

    private static func byte(_ value: Float) -> Int8 { Int8(max(-128, min(127, (value * 127).rounded()))) }
}
