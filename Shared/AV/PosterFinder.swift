internal import CLibAV
internal import FoundationEssentials

/// Finds pictures that stand for a video.
public enum PosterFinder {
    /// A picture that says something: of some key frames from the first third the one with the most contrast, so that
    /// black beginnings and fades are passed over.
    /// - Parameter maxSide: the longer side at most; never scaled up.
    /// - Throws: ``MediaError``, `CancellationError`.
    public static func poster(
        of source: any ByteSource, maxSide: Int = 1280, limits: MediaLimits = MediaLimits(),
        interrupt: Interrupt = Interrupt()
    ) throws -> RawPicture {
        let demuxer = try Demuxer(source, limits: limits, interrupt: interrupt)
        let duration = demuxer.durationMs ?? 0
        // Far enough in to be past a title, near enough to be a promise.
        let times = duration > 2000 ? [10, 20, 33, 0].map { duration * $0 / 100 } : [0]
        return try picture(of: demuxer, atMs: times, maxSide: maxSide, limits: limits)
    }

    /// The first picture at or after a time, upright, in RGB; the last before it where none follows soon.
    /// - Parameter maxSide: the longer side at most; never scaled up.
    /// - Throws: ``MediaError``, `CancellationError`.
    public static func picture(
        of source: any ByteSource, atMs time: Int64, maxSide: Int = 1280, limits: MediaLimits = MediaLimits(),
        interrupt: Interrupt = Interrupt()
    ) throws -> RawPicture {
        let demuxer = try Demuxer(source, limits: limits, interrupt: interrupt)
        return try picture(of: demuxer, atMs: [time], maxSide: maxSide, limits: limits)
    }

    private static func picture(of demuxer: Demuxer, atMs times: [Int64], maxSide: Int, limits: MediaLimits) throws
        -> RawPicture
    {
        guard let stream = demuxer.best(AVMEDIA_TYPE_VIDEO) else {
            throw MediaError(.invalidRequest, "there are no pictures in it")
        }
        demuxer.keep(only: [stream])
        let chain = try VideoChain(demuxer, stream: stream, limits: limits)
        let size = chain.size.fitted(maxWidth: maxSide, maxHeight: maxSide)
        let scaler = Scaler(width: size.width, height: size.height, format: AV_PIX_FMT_RGB24, quality: .bicubic)
        var best: (picture: Frame, contrast: Double)?
        for time in times {
            // A damaged or unseekable file may still have its first pictures.
            do { try demuxer.seek(toMs: time) } catch let error as MediaError where error.code == .damaged {}
            chain.flush()
            guard let frame = try picture(of: chain, atMs: time, demuxer, scaler) else { continue }
            let contrast = Self.contrast(of: frame)
            if contrast > best?.contrast ?? -1 { best = (frame, contrast) }
            if contrast > 35 { break }
        }
        guard let best else { throw MediaError(.damaged, "no picture of it can be decoded") }
        return RawPicture(best.picture)
    }

    /// The first picture at or after a time, which may be some seconds after the key frame; the last before it where the
    /// next is too far.
    private static func picture(of chain: VideoChain, atMs time: Int64, _ demuxer: Demuxer, _ scaler: Scaler) throws
        -> Frame?
    {
        let packet = try Packet()
        var before: Frame?
        var found: Frame?
        var seen = 0
        while found == nil, seen < 600 {
            let more = try demuxer.read(into: packet)
            if more, packet.stream != chain.decoder.stream { continue }
            try chain.feed(more ? packet : nil) { frame, at in
                seen += 1
                guard found == nil else { return }
                if at / 90 >= time { found = try scaler.scale(frame) } else { before = try frame.reference() }
            }
            if !more { break }
        }
        return try found ?? before.map { try scaler.scale($0) }
    }

    /// The standard deviation of the green channel, of 0…127.
    private static func contrast(of frame: Frame) -> Double {
        var sum = 0.0, squares = 0.0, count = 0.0
        for row in Swift.stride(from: 0, to: frame.height, by: 4) {
            let line = frame.plane(0) + row * frame.stride(0)
            for column in Swift.stride(from: 0, to: frame.width, by: 4) {
                let value = Double(line[column * 3 + 1])
                sum += value
                squares += value * value
                count += 1
            }
        }
        return count > 0 ? max(0, squares / count - sum * sum / (count * count)).squareRoot() : 0
    }
}

extension RawPicture {
    /// The bytes of an RGB24 frame.
    package init(_ frame: Frame) {
        var rgb = Data(capacity: frame.width * frame.height * 3)
        for row in 0..<frame.height { rgb.append(frame.plane(0) + row * frame.stride(0), count: frame.width * 3) }
        self.init(width: frame.width, height: frame.height, rgb: rgb)
    }
}
