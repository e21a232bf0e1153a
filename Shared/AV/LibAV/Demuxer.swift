package import CLibAV

/// Takes an input apart into packets. Reads only through its ``ByteSource``. Used from one thread at a time.
package final class Demuxer {
    /// libav's context; owned.
    package let context: UnsafeMutablePointer<AVFormatContext>
    private let io: IOContext
    private let interrupt: Interrupt
    private let limits: MediaLimits

    /// Opens an input, reads its header and learns its streams.
    /// - Throws: ``MediaError``, `CancellationError`.
    package init(_ source: any ByteSource, limits: MediaLimits = MediaLimits(), interrupt: Interrupt = Interrupt())
        throws
    {
        _ = silence
        io = try IOContext(reading: source, interrupt: interrupt)
        self.interrupt = interrupt
        self.limits = limits
        guard let context = avformat_alloc_context() else { throw MediaError(.outOfMemory, "input") }
        context.pointee.pb = io.pointer
        context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        context.pointee.interrupt_callback = AVIOInterruptCB(
            callback: { context in
                guard let context else { return 0 }
                return Unmanaged<Interrupt>.fromOpaque(context).takeUnretainedValue().isStopped ? 1 : 0
            }, opaque: Unmanaged.passUnretained(interrupt).toOpaque())
        context.pointee.max_streams = Int32(limits.maxStreams)
        atelier_refuse_nested_io(context)
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        av_dict_set(&options, "format_whitelist", Formats.demuxers, 0)
        av_dict_set(&options, "codec_whitelist", Formats.decoders, 0)
        av_dict_set(&options, "protocol_whitelist", "none", 0)
        var opened: UnsafeMutablePointer<AVFormatContext>? = context
        let status = avformat_open_input(&opened, nil, nil, &options)
        guard status >= 0 else {
            // libav freed the context.
            if let failure = io.failure { throw failure }
            try interrupt.check()
            if status == ATELIER_AVERROR_INVALIDDATA || status == ATELIER_AVERROR_EINVAL {
                throw MediaError(.unsupportedFormat, "no format that this product reads")
            }
            throw Self.fault(status, "header")
        }
        self.context = context
        try Self.learnStreams(context, limits)
        if let failure = io.failure { throw failure }
        try interrupt.check()
    }

    deinit {
        var closed: UnsafeMutablePointer<AVFormatContext>? = context
        avformat_close_input(&closed)
    }

    private static func learnStreams(_ context: UnsafeMutablePointer<AVFormatContext>, _ limits: MediaLimits) throws {
        let count = Int(context.pointee.nb_streams)
        var options = [OpaquePointer?](repeating: nil, count: count)
        defer { for index in options.indices { av_dict_free(&options[index]) } }
        for index in options.indices {
            av_dict_set(&options[index], "max_pixels", "\(limits.maxPixels)", 0)
            av_dict_set(&options[index], "threads", "1", 0)
        }
        try check(
            options.withUnsafeMutableBufferPointer { avformat_find_stream_info(context, $0.baseAddress) }, "streams")
        guard context.pointee.nb_streams > 0 else { throw MediaError(.damaged, "no stream") }
    }

    /// The name of the container, as libav has it.
    package var container: String { String(cString: context.pointee.iformat.pointee.name) }

    /// How long it plays, in milliseconds, where the header tells.
    package var durationMs: Int64? {
        let duration = context.pointee.duration
        return duration == ATELIER_NOPTS || duration < 0 ? nil : duration / 1000
    }

    /// Bits per second, where known.
    package var bitRate: Int64? { context.pointee.bit_rate > 0 ? context.pointee.bit_rate : nil }

    /// Streams of every kind, also those that are not read; they are numbered from 0.
    package var streamCount: Int { Int(context.pointee.nb_streams) }

    /// libav's stream.
    package func stream(_ index: Int) -> UnsafeMutablePointer<AVStream> {
        guard let stream = context.pointee.streams[index] else { preconditionFailure("no such stream") }
        return stream
    }

    /// The stream that a player would choose; `nil` where there is none of this kind. Cover pictures are no video.
    package func best(_ type: AVMediaType) -> Int? {
        let index = av_find_best_stream(context, type, -1, -1, nil, 0)
        guard index >= 0 else { return nil }
        if type == AVMEDIA_TYPE_VIDEO, stream(Int(index)).pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0 {
            return nil
        }
        return Int(index)
    }

    /// The sound that a player would choose.
    package var bestAudio: Int? { best(AVMEDIA_TYPE_AUDIO) }

    /// Drops the packets of all streams but these.
    package func keep(only streams: Set<Int>) {
        for index in 0..<streamCount where !streams.contains(index) {
            stream(index).pointee.discard = AVDISCARD_ALL
        }
    }

    /// The degrees by which a video stream has to be turned clockwise to be seen upright: 0, 90, 180 or 270.
    package func rotation(of index: Int) -> Int {
        guard let matrix = av_stream_get_side_data(stream(index), AV_PKT_DATA_DISPLAYMATRIX, nil) else { return 0 }
        let angle = matrix.withMemoryRebound(to: Int32.self, capacity: 9) { -av_display_rotation_get($0) }
        guard angle.isFinite else { return 0 }
        let quarter = Int((angle / 90).rounded()) % 4
        return (quarter < 0 ? quarter + 4 : quarter) * 90
    }

    /// Reads the next packet; `false` at the end.
    /// - Throws: ``MediaError``, `CancellationError`.
    package func read(into packet: Packet) throws -> Bool {
        try interrupt.check()
        packet.clear()
        let status = av_read_frame(context, packet.pointer)
        if let failure = io.failure { throw failure }
        if status == ATELIER_AVERROR_EOF { return false }
        if status < 0 { try interrupt.check() }
        if status < 0 { throw Self.fault(status, "reading") }
        return true
    }

    /// libav also says "input/output error" of content that contradicts itself; faults of the source were thrown before.
    private static func fault(_ status: Int32, _ doing: String) -> MediaError {
        let error = MediaError(status: status, doing)
        return error.code == .io ? MediaError(.damaged, error.message) : error
    }

    /// Goes to the last key frame at or before a time, in milliseconds from the beginning.
    package func seek(toMs time: Int64) throws {
        let start = context.pointee.start_time == ATELIER_NOPTS ? 0 : context.pointee.start_time
        try check(av_seek_frame(context, -1, start + time * 1000, AVSEEK_FLAG_BACKWARD), "seeking")
    }
}

/// libav writes to standard error by itself: errors arrive as statuses instead.
package let silence: Void = av_log_set_level(AV_LOG_QUIET)
