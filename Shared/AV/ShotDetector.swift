internal import CLibAV

/// Finds the cuts of a video by the mean difference of neighbouring pictures in small, as ffmpeg's `scdet` does:
/// a cut differs much from the picture before, and much more than that differed from its own predecessor.
public struct ShotDetector {
    /// Percent of full scale; `scdet`'s own default.
    public var threshold = 10.0
    /// Takes shorter than this are joined to the one before.
    public var minimumMs: Int64 = 400
    /// Of longer videos only the key frames are looked at.
    public var fullScanMs: Int64 = 10 * 60_000

    /// A detector with usual settings.
    public init() {}

    /// - Throws: ``MediaError``, `CancellationError`.
    public func shots(
        of source: any ByteSource, limits: MediaLimits = MediaLimits(), interrupt: Interrupt = Interrupt(),
        onProgress: @escaping (MediaProgress) -> Void = { _ in }
    ) throws -> [Shot] {
        let demuxer = try Demuxer(source, limits: limits, interrupt: interrupt)
        guard let stream = demuxer.best(AVMEDIA_TYPE_VIDEO) else { return [] }
        demuxer.keep(only: [stream])
        let keyOnly = (demuxer.durationMs ?? 0) > fullScanMs
        let chain = try VideoChain(demuxer, stream: stream, limits: limits, upright: false, keyFramesOnly: keyOnly)
        let scaler = Scaler(width: 64, height: 36, format: AV_PIX_FMT_GRAY8, quality: .fast)
        let meter = ProgressMeter(durationMs: demuxer.durationMs, report: onProgress)
        let small = try Frame(width: 64, height: 36, format: AV_PIX_FMT_GRAY8)
        var finder = CutFinder(threshold: threshold, minimumMs: minimumMs)
        try chain.readAll { frame, time in
            try scaler.scale(frame, into: small)
            finder.add(Self.pixels(of: small), atMs: time / 90)
            meter.update(ms: time / 90)
        }
        return finder.shots(durationMs: max(chain.endTime / 90, 1))
    }

    private static func pixels(of frame: Frame) -> [UInt8] {
        let plane = frame.plane(0), stride = frame.stride(0)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(64 * 36)
        for row in 0..<36 { pixels.append(contentsOf: UnsafeBufferPointer(start: plane + row * stride, count: 64)) }
        return pixels
    }
}
