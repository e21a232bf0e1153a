package import CLibAV

/// Puts packets together into a file. Used from one thread at a time.
package final class Muxer {
    /// libav's context; owned.
    package let context: UnsafeMutablePointer<AVFormatContext>
    private let path: String
    private let interrupt: Interrupt
    private var isBegun = false

    /// - Parameters:
    ///   - path: the file to write; muxers that write several (`hls`) derive the others' names.
    ///   - format: libav's short name: `mp4`, `webm`, `mp3`, `hls`, `wav`.
    package init(path: String, format: String, interrupt: Interrupt = Interrupt()) throws {
        _ = silence
        var allocated: UnsafeMutablePointer<AVFormatContext>?
        let status = avformat_alloc_output_context2(&allocated, nil, format, path)
        guard status >= 0, let context = allocated else {
            throw MediaError(.invalidRequest, "no container \(format)")
        }
        self.context = context
        self.path = path
        self.interrupt = interrupt
        context.pointee.flags |= AVFMT_FLAG_BITEXACT
        context.pointee.interrupt_callback = AVIOInterruptCB(
            callback: { context in
                guard let context else { return 0 }
                return Unmanaged<Interrupt>.fromOpaque(context).takeUnretainedValue().isStopped ? 1 : 0
            }, opaque: Unmanaged.passUnretained(interrupt).toOpaque())
    }

    deinit {
        if ownsFile { avio_closep(&context.pointee.pb) }
        avformat_free_context(context)
    }

    private var ownsFile: Bool { context.pointee.oformat.pointee.flags & AVFMT_NOFILE == 0 }

    /// Whether encoders for this container must put their header beside the packets.
    package var wantsGlobalHeader: Bool { context.pointee.oformat.pointee.flags & AVFMT_GLOBALHEADER != 0 }

    /// Adds a stream of an encoder that is open.
    /// - Returns: the stream's index.
    package func add(_ encoder: Encoder) throws -> Int {
        let stream = try newStream()
        try check(avcodec_parameters_from_context(stream.pointee.codecpar, encoder.context), "codec parameters")
        stream.pointee.time_base = encoder.timeBase
        stream.pointee.avg_frame_rate = encoder.context.pointee.framerate
        stream.pointee.sample_aspect_ratio = encoder.context.pointee.sample_aspect_ratio
        return Int(stream.pointee.index)
    }

    /// Adds a stream whose packets are copied from an input as they are.
    /// - Returns: the stream's index.
    package func add(copying index: Int, of demuxer: Demuxer) throws -> Int {
        let source = demuxer.stream(index)
        let stream = try newStream()
        try check(avcodec_parameters_copy(stream.pointee.codecpar, source.pointee.codecpar), "codec parameters")
        stream.pointee.codecpar.pointee.codec_tag = 0
        stream.pointee.time_base = source.pointee.time_base
        stream.pointee.avg_frame_rate = source.pointee.avg_frame_rate
        stream.pointee.sample_aspect_ratio = source.pointee.sample_aspect_ratio
        var size = 0
        if let matrix = av_stream_get_side_data(source, AV_PKT_DATA_DISPLAYMATRIX, &size),
            let copy = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, size)
        {
            copy.update(from: matrix, count: size)
        }
        return Int(stream.pointee.index)
    }

    private func newStream() throws -> UnsafeMutablePointer<AVStream> {
        guard let stream = avformat_new_stream(context, nil) else { throw MediaError(.outOfMemory, "stream") }
        return stream
    }

    /// A name or note in the file's header (`title`, `comment`).
    package func setMetadata(_ key: String, _ value: String) { av_dict_set(&context.pointee.metadata, key, value, 0) }

    /// Opens the file and writes the header. Streams' time bases may change: ``write(_:stream:from:)`` converts.
    /// - Parameter options: the muxer's own: `movflags` = `+faststart`.
    package func begin(options settings: [String: String] = [:]) throws {
        if ownsFile {
            try check(
                avio_open2(&context.pointee.pb, path, AVIO_FLAG_WRITE, &context.pointee.interrupt_callback, nil),
                "opening the output")
        }
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        for (key, value) in settings { av_dict_set(&options, key, value, 0) }
        let status = avformat_write_header(context, &options)
        if status == ATELIER_AVERROR_EINVAL {
            throw MediaError(.invalidRequest, "the container does not take these streams")
        }
        try check(status, "header of the output")
        isBegun = true
        if let unknown = av_dict_get(options, "", nil, AV_DICT_IGNORE_SUFFIX) {
            throw MediaError(.invalidRequest, "no muxer option \(String(cString: unknown.pointee.key))")
        }
    }

    /// Writes a packet, whose content it takes.
    /// - Parameter timeBase: the unit of the packet's times.
    package func write(_ packet: Packet, stream: Int, from timeBase: AVRational) throws {
        try interrupt.check()
        guard let target = context.pointee.streams[stream] else { preconditionFailure("no such stream") }
        packet.pointer.pointee.stream_index = Int32(stream)
        packet.pointer.pointee.pos = -1
        av_packet_rescale_ts(packet.pointer, timeBase, target.pointee.time_base)
        try check(av_interleaved_write_frame(context, packet.pointer), "writing")
    }

    /// Writes what is left and closes the file.
    package func finish() throws {
        guard isBegun else { return }
        isBegun = false
        try check(av_write_trailer(context), "end of the output")
        if ownsFile { try check(avio_closep(&context.pointee.pb), "closing the output") }
    }
}
