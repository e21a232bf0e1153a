package import CLibAV

/// Turns frames into packets. Used from one thread at a time.
package final class Encoder {
    /// What an encoder shall make.
    package struct Video {
        /// libav's name: `libx264`, `libvpx-vp9`.
        package var codec = "libx264"
        /// Pixels of a row.
        package var width: Int
        /// Rows.
        package var height: Int
        /// The pixel format that every frame must have; 8 bits at 4:2:0 by default, which every player takes.
        package var format = AV_PIX_FMT_YUV420P
        /// The unit of the frames' times.
        package var timeBase: AVRational
        /// Frames per second, where constant.
        package var frameRate: AVRational?
        /// Frames from one key frame to the next.
        package var keyInterval: Int?
        /// Bits per second; `nil` where the options hold a quality.
        package var bitRate: Int64?
        /// Width over height of one pixel; 1:1 by default.
        package var sampleAspect = AVRational(num: 1, den: 1)
        /// Threads of the codec; 0 lets it choose.
        package var threads = 2
        /// The codec's own options: `preset`, `crf`, `x264-params`.
        package var options: [String: String] = [:]

        /// - Parameter timeBase: the unit of the frames' times. All else has the defaults above.
        package init(width: Int, height: Int, timeBase: AVRational) {
            self.width = width
            self.height = height
            self.timeBase = timeBase
        }
    }

    /// What an encoder shall make.
    package struct Audio {
        /// libav's name: `aac`, `libmp3lame`, `libopus`.
        package var codec = "aac"
        /// Samples per second of each channel.
        package var rate = 48_000
        /// 1 or 2, or more in libav's default layout for that number.
        package var channels = 2
        /// Bits per second of all channels; `nil` for the codec's own default.
        package var bitRate: Int64? = 160_000
        /// The codec's own options; one that it does not know is refused.
        package var options: [String: String] = [:]

        package init() {}
    }

    /// libav's context; owned.
    package let context: UnsafeMutablePointer<AVCodecContext>

    /// - Parameter globalHeader: the container wants the codec's header once (mp4, mkv; see ``Muxer/wantsGlobalHeader``).
    package init(_ video: Video, globalHeader: Bool) throws {
        context = try Self.allocate(video.codec)
        context.pointee.width = Int32(video.width)
        context.pointee.height = Int32(video.height)
        context.pointee.pix_fmt = video.format
        context.pointee.time_base = video.timeBase
        context.pointee.sample_aspect_ratio = video.sampleAspect
        context.pointee.thread_count = Int32(video.threads)
        // Without these a player guesses the colours by the size.
        context.pointee.color_range = AVCOL_RANGE_MPEG
        context.pointee.colorspace = AVCOL_SPC_BT709
        context.pointee.color_primaries = AVCOL_PRI_BT709
        context.pointee.color_trc = AVCOL_TRC_BT709
        if let rate = video.frameRate { context.pointee.framerate = rate }
        if let interval = video.keyInterval { context.pointee.gop_size = Int32(interval) }
        if let rate = video.bitRate { context.pointee.bit_rate = rate }
        try open(video.options, globalHeader)
    }

    /// - Parameter globalHeader: see ``init(_:globalHeader:)-(Video,_)``.
    package init(_ audio: Audio, globalHeader: Bool) throws {
        context = try Self.allocate(audio.codec)
        context.pointee.sample_rate = Int32(audio.rate)
        context.pointee.time_base = AVRational(num: 1, den: Int32(audio.rate))
        av_channel_layout_default(&context.pointee.ch_layout, Int32(audio.channels))
        context.pointee.sample_fmt = context.pointee.codec.pointee.sample_fmts?.pointee ?? AV_SAMPLE_FMT_FLTP
        if let rate = audio.bitRate { context.pointee.bit_rate = rate }
        try open(audio.options, globalHeader)
    }

    private static func allocate(_ name: String) throws -> UnsafeMutablePointer<AVCodecContext> {
        guard let codec = avcodec_find_encoder_by_name(name) else {
            throw MediaError(.invalidRequest, "no encoder \(name)")
        }
        guard let context = avcodec_alloc_context3(codec) else { throw MediaError(.outOfMemory, "encoder") }
        return context
    }

    private func open(_ settings: [String: String], _ globalHeader: Bool) throws {
        if globalHeader { context.pointee.flags |= AV_CODEC_FLAG_GLOBAL_HEADER }
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        for (key, value) in settings { av_dict_set(&options, key, value, 0) }
        try check(avcodec_open2(context, nil, &options), "opening the encoder")
        if let unknown = av_dict_get(options, "", nil, AV_DICT_IGNORE_SUFFIX) {
            throw MediaError(.invalidRequest, "no encoder option \(String(cString: unknown.pointee.key))")
        }
    }

    deinit {
        var freed: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&freed)
    }

    /// The unit of the times of frames and packets.
    package var timeBase: AVRational { context.pointee.time_base }
    /// Samples that a frame of sound must have; `nil` where any number will do.
    package var frameSize: Int? { context.pointee.frame_size > 0 ? Int(context.pointee.frame_size) : nil }
    /// The format that frames must have: the first that the codec takes.
    package var sampleFormat: AVSampleFormat { context.pointee.sample_fmt }
    /// Samples per second of each channel; also the unit of the frames' times.
    package var sampleRate: Int { Int(context.pointee.sample_rate) }
    /// The channels that frames must have.
    package var channels: Int { Int(context.pointee.ch_layout.nb_channels) }

    /// Hands a frame over; `nil` ends the stream. Take packets until ``receive(into:)`` gives none before the next.
    /// - Parameter forceKey: the frame becomes a key frame.
    package func send(_ frame: Frame?, forceKey: Bool = false) throws {
        // A decoder's picture type would force key frames where the source had them.
        frame?.pointer.pointee.pict_type = forceKey ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE
        try Self.checkEncoding(avcodec_send_frame(context, frame?.pointer))
    }

    /// Takes a packet, in the encoder's time base; `false` where it wants another frame, or has ended.
    package func receive(into packet: Packet) throws -> Bool {
        let status = avcodec_receive_packet(context, packet.pointer)
        if status == ATELIER_AVERROR_EAGAIN || status == ATELIER_AVERROR_EOF { return false }
        try Self.checkEncoding(status)
        return true
    }

    /// libx264 says no more than "external" where it got no memory. What it is given is ours, so that the media are not
    /// to blame.
    private static func checkEncoding(_ status: Int32) throws {
        if status == ATELIER_AVERROR_EXTERNAL { throw MediaError(.outOfMemory, "encoding") }
        try check(status, "encoding")
    }
}
