package import CLibAV

/// A video stream as pictures with rising times, upright where wanted. Times are in 1/90000 s from the beginning of the
/// file, the unit of MPEG. Used from one thread at a time.
package final class VideoChain {
    /// The unit of all times here.
    package static let timeBase = AVRational(num: 1, den: 90_000)

    /// What turns the stream's packets into pictures; its stream number tells which packets are its own.
    package let decoder: Decoder
    /// The size as it is seen; the pictures themselves are at most turned, never scaled.
    package let size: UprightSize
    /// Mean frames per second, where known.
    package let frameRate: AVRational?
    /// The end of the last picture so far.
    package private(set) var endTime: Int64 = 0

    private let demuxer: Demuxer
    private let start: Int64
    private let upright: Bool
    private let limits: MediaLimits
    private let frame: Frame
    private let turned: Frame
    private var last: Int64 = -1
    private var turner: (graph: FilterGraph, width: Int, height: Int, format: AVPixelFormat)?

    /// - Parameters:
    ///   - upright: turn pictures as the file wants them shown.
    ///   - threads: threads of the decoder.
    ///   - keyFramesOnly: skip all pictures that need others.
    package init(
        _ demuxer: Demuxer, stream index: Int, limits: MediaLimits = MediaLimits(), upright: Bool = true,
        threads: Int = 1, keyFramesOnly: Bool = false
    ) throws {
        self.demuxer = demuxer
        self.limits = limits
        self.upright = upright
        decoder = try Decoder(demuxer, stream: index, limits: limits, threads: threads, keyFramesOnly: keyFramesOnly)
        let stream = demuxer.stream(index).pointee
        size = UprightSize(stream, rotation: demuxer.rotation(of: index))
        let rate = stream.avg_frame_rate
        frameRate = rate.num > 0 && rate.den > 0 && av_q2d(rate) <= 1000 ? rate : nil
        start = demuxer.startTime90k
        frame = try Frame()
        turned = try Frame()
    }

    /// Decodes a packet (`nil` at the end) and gives the pictures that came of it.
    package func feed(_ packet: Packet?, _ body: (Frame, Int64) throws -> Void) throws {
        try decoder.send(packet)
        while try decoder.receive(into: frame) {
            let length = frameRate.map { av_rescale_q(1, av_inv_q($0), Self.timeBase) } ?? 3000
            let time: Int64 =
                frame.bestPTS.map { max(0, av_rescale_q($0, decoder.timeBase, Self.timeBase) - start) } ?? last + length
            guard time > last else { continue }
            guard time / 90 <= limits.maxDurationMs else {
                throw MediaError(.tooLong, "longer than \(limits.maxDurationMs) ms")
            }
            last = time
            endTime = time + length
            try limits.check(frame)
            try body(upright ? turn(frame) : frame, time)
        }
    }

    /// Reads the stream to its end.
    package func readAll(_ body: (Frame, Int64) throws -> Void) throws {
        let packet = try Packet()
        while try demuxer.read(into: packet) {
            if packet.stream == decoder.stream { try feed(packet, body) }
        }
        try feed(nil, body)
    }

    /// Forgets what it holds, after a seek.
    package func flush() {
        decoder.flush()
        last = -1
    }

    private func turn(_ frame: Frame) throws -> Frame {
        let filters: String
        switch size.rotation {
        case 90: filters = "[in]transpose=clock[out]"
        case 180: filters = "[in]hflip,vflip[out]"
        case 270: filters = "[in]transpose=cclock[out]"
        default: return frame
        }
        if turner.map({ ($0.width, $0.height, $0.format) != (frame.width, frame.height, frame.pixelFormat) }) ?? true {
            let input = FilterGraph.Input.video(
                width: frame.width, height: frame.height, format: frame.pixelFormat, timeBase: Self.timeBase,
                sampleAspect: AVRational(num: 1, den: 1))
            let graph = try FilterGraph(filters, inputs: [("in", input)], videoOutputs: ["out"])
            turner = (graph, frame.width, frame.height, frame.pixelFormat)
        }
        guard let graph = turner?.graph else { return frame }
        try graph.push(frame, to: "in")
        guard try graph.pull(from: "out", into: turned) == .frame else { throw MediaError(.damaged, "turning") }
        return turned
    }
}

extension MediaLimits {
    /// - Throws: ``MediaError`` with `tooLarge`: a stream may change its size on the way.
    package func check(_ frame: Frame) throws {
        guard frame.width <= maxSide, frame.height <= maxSide, Int64(frame.width) * Int64(frame.height) <= maxPixels
        else { throw MediaError(.tooLarge, "a picture of \(frame.width)×\(frame.height)") }
    }
}

extension Demuxer {
    /// When the file begins, in 1/90000 s.
    package var startTime90k: Int64 {
        let start = context.pointee.start_time
        return start == ATELIER_NOPTS ? 0 : av_rescale(start, 90_000, 1_000_000)
    }
}
