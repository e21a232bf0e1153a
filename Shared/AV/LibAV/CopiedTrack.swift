internal import CLibAV

/// A stream whose packets go into the output as they are.
final class CopiedTrack {
    let stream: Int
    private let muxer: Muxer
    private let target: Int
    private let timeBase: AVRational
    private let start: Int64
    private var lastDTS: Int64?
    /// The end of the last packet, in 1/90000 s.
    private(set) var endTime: Int64 = 0

    init(_ demuxer: Demuxer, stream index: Int, to muxer: Muxer) throws {
        stream = index
        self.muxer = muxer
        target = try muxer.add(copying: index, of: demuxer)
        timeBase = demuxer.stream(index).pointee.time_base
        start = av_rescale_q(demuxer.startTime90k, VideoChain.timeBase, timeBase)
    }

    /// Writes a packet, from the time 0 on. Packets without a time, or out of order, are left out.
    func feed(_ packet: Packet) throws {
        let pointer = packet.pointer
        guard let dts = packet.dts ?? packet.pts else { return }
        pointer.pointee.dts = dts - start
        if let pts = packet.pts { pointer.pointee.pts = pts - start }
        if let lastDTS, pointer.pointee.dts <= lastDTS { return }
        lastDTS = pointer.pointee.dts
        let end = max(pointer.pointee.dts, packet.pts ?? 0) + max(0, pointer.pointee.duration)
        endTime = max(endTime, av_rescale_q(end, timeBase, VideoChain.timeBase))
        try muxer.write(packet, stream: target, from: timeBase)
    }
}
