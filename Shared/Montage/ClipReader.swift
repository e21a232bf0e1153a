internal import AV
internal import CLibAV
internal import CMontage
internal import Titles

/// Gives the pictures of a video in the film's colours, upright, in order of time.
final class ClipReader {
    /// Width to height of the source's pixels, as shown.
    let pixelAspect: Double
    private let demuxer: Demuxer
    private let decoder: Decoder
    private let packet: Packet
    private let stream: Int
    private let rotation: Int
    private let look: Look
    private let needed: (width: Int, height: Int)
    private var scaler: Scaler?
    private var shown: (picture: Picture, ms: Double)?
    private var coming: (frame: Frame, ms: Double)?
    private var following: (picture: Picture, ms: Double)?
    private var mixed: Picture?
    private var isDrained = false

    /// - Parameters:
    ///   - startMs: the first picture that will be asked for.
    ///   - width, height: the film's picture: a source with far more pixels is brought down at once.
    init(path: String, startMs: Double, width: Int, height: Int, look: Look, interrupt: Interrupt) throws {
        demuxer = try Demuxer(FileSource(path: path), interrupt: interrupt)
        guard let stream = demuxer.best(AVMEDIA_TYPE_VIDEO) else {
            throw MediaError(.invalidRequest, "no pictures in this video")
        }
        self.stream = stream
        self.look = look
        demuxer.keep(only: [stream])
        decoder = try Decoder(demuxer, stream: stream, threads: 2)
        packet = try Packet()
        rotation = demuxer.rotation(of: stream)
        let aspect = demuxer.stream(stream).pointee.codecpar.pointee.sample_aspect_ratio
        let ratio = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : 1
        pixelAspect = rotation % 180 == 0 ? ratio : 1 / ratio
        needed = rotation % 180 == 0 ? (width, height) : (height, width)
        if startMs > 0 { try demuxer.seek(toMs: Int64(startMs)) }
    }

    /// The picture that is seen at a time of the source; the last one beyond its end. Times must rise.
    func picture(at ms: Double) throws -> Picture {
        while true {
            if coming == nil { coming = try next() }
            guard let frame = coming else { break }
            // Half a millisecond: containers round times.
            if shown != nil, frame.ms > ms + 0.5 { break }
            coming = try next()
            // Pictures that nobody will see need no colours.
            if coming.map({ $0.ms > ms + 0.5 }) ?? true {
                let ready = following?.ms == frame.ms ? following?.picture : nil
                shown = (try ready ?? finished(frame.frame), frame.ms)
            }
        }
        guard let shown else { throw MediaError(.damaged, "no picture could be decoded") }
        return shown.picture
    }

    /// The picture between two of the source's, mixed by the time: for clips that run slower.
    func mixedPicture(at ms: Double) throws -> Picture {
        let first = try picture(at: ms)
        guard let from = shown?.ms, let coming, coming.ms > from else { return first }
        if following?.ms != coming.ms { following = (try finished(coming.frame), coming.ms) }
        guard let following, following.picture.width == first.width, following.picture.height == first.height else {
            return first
        }
        if mixed?.width != first.width || mixed?.height != first.height {
            mixed = try Picture(width: first.width, height: first.height)
        }
        guard let mixed else { return first }
        let weight = min(1, max(0, (ms - from) / (following.ms - from)))
        cm_blend(mixed.raw, first.raw, following.picture.raw, Int32((256 * weight).rounded()))
        return mixed
    }

    private func next() throws -> (Frame, Double)? {
        let frame = try Frame()
        while true {
            if try decoder.receive(into: frame) {
                guard let pts = frame.bestPTS else { continue }
                let start = demuxer.stream(stream).pointee.start_time
                let base = decoder.timeBase
                let ticks = Double(pts - (start == ATELIER_NOPTS ? 0 : start))
                return (frame, ticks * Double(base.num) / Double(base.den) * 1000)
            }
            if isDrained { return nil }
            if try demuxer.read(into: packet) {
                if packet.stream == stream { try decoder.send(packet) }
            } else {
                isDrained = true
                try decoder.send(nil)
            }
        }
    }

    /// Brings a decoded frame to 4:2:0, upright, graded.
    private func finished(_ frame: Frame) throws -> Picture {
        let picture: Picture
        var isBT601 = false
        let big = min(
            Double(frame.width) / Double(needed.width), Double(frame.height) / Double(needed.height))
        let isPlain = frame.pixelFormat == AV_PIX_FMT_YUV420P && frame.pointer.pointee.color_range != AVCOL_RANGE_JPEG
        if isPlain, big < 2 {
            picture = try Picture(over: frame).copy()
            let space = frame.pointer.pointee.colorspace
            let isNamed709 = space == AVCOL_SPC_BT709
            isBT601 = !isNamed709 && (space != AVCOL_SPC_UNSPECIFIED || frame.height < 720)
        } else {
            let factor = big < 2 ? 1 : big / 1.3
            let width = Int(Double(frame.width) / factor) & ~1
            let height = Int(Double(frame.height) / factor) & ~1
            if scaler?.width != width || scaler?.height != height {
                scaler = Scaler(
                    width: max(2, width), height: max(2, height), format: AV_PIX_FMT_YUV420P, quality: .bicubic)
            }
            guard let scaler else { throw MediaError(.outOfMemory, "a scaler") }
            picture = try Picture(over: scaler.scale(frame)).copy()
        }
        Grade(look: look, fromBT601: isBT601).apply(to: picture)
        return rotation == 0 ? picture : try picture.rotated(rotation)
    }
}
