package import CLibAV

/// Turns the packets of one stream into frames. Used from one thread at a time.
package final class Decoder {
    /// libav's context; owned.
    package let context: UnsafeMutablePointer<AVCodecContext>
    /// The stream's time base.
    package let timeBase: AVRational
    /// The stream's index.
    package let stream: Int
    private let limits: MediaLimits
    private var frames: Int64 = 0

    /// - Parameters:
    ///   - threads: threads of the decoder.
    ///   - keyFramesOnly: gives key frames alone, which is many times faster.
    /// - Throws: ``MediaError``: `unsupportedFormat` for a codec that is not read, `tooLarge` beyond the limits.
    package init(
        _ demuxer: Demuxer, stream index: Int, limits: MediaLimits = MediaLimits(), threads: Int = 1,
        keyFramesOnly: Bool = false
    ) throws {
        let stream = demuxer.stream(index)
        let parameters = stream.pointee.codecpar
        guard let parameters, let codec = avcodec_find_decoder(parameters.pointee.codec_id) else {
            throw MediaError(.unsupportedFormat, "no decoder for the stream's codec")
        }
        try limits.check(parameters.pointee)
        guard let context = avcodec_alloc_context3(codec) else { throw MediaError(.outOfMemory, "decoder") }
        self.context = context
        self.timeBase = stream.pointee.time_base
        self.stream = index
        self.limits = limits
        try check(avcodec_parameters_to_context(context, parameters), "codec parameters")
        context.pointee.pkt_timebase = stream.pointee.time_base
        context.pointee.thread_count = Int32(threads)
        context.pointee.max_pixels = limits.maxPixels
        if keyFramesOnly { context.pointee.skip_frame = AVDISCARD_NONKEY }
        var options: OpaquePointer?
        defer { av_dict_free(&options) }
        av_dict_set(&options, "codec_whitelist", Formats.decoders, 0)
        let status = avcodec_open2(context, codec, &options)
        if status == ATELIER_AVERROR_EINVAL {
            throw MediaError(.unsupportedFormat, "the codec \(String(cString: codec.pointee.name)) is not read")
        }
        try check(status, "opening the decoder")
    }

    deinit {
        var freed: UnsafeMutablePointer<AVCodecContext>? = context
        avcodec_free_context(&freed)
    }

    /// Hands a packet over; `nil` ends the stream. Take frames until ``receive(into:)`` gives none before the next.
    /// A packet that is broken is skipped: `false`.
    @discardableResult
    package func send(_ packet: Packet?) throws -> Bool {
        let status = avcodec_send_packet(context, packet?.pointer)
        if status == ATELIER_AVERROR_ENOMEM { throw MediaError(status: status, "decoding") }
        return status >= 0
    }

    /// Takes a frame; `false` where the decoder wants another packet, or has ended. Broken frames are skipped.
    package func receive(into frame: Frame) throws -> Bool {
        while true {
            let status = avcodec_receive_frame(context, frame.pointer)
            if status == ATELIER_AVERROR_EAGAIN || status == ATELIER_AVERROR_EOF { return false }
            if status == ATELIER_AVERROR_ENOMEM { throw MediaError(status: status, "decoding") }
            if status < 0 {
                // A damaged stream gives faults for ever: each counts as a frame.
                frames += 1
                if frames > limits.maxFrames { throw MediaError(.damaged, "too many broken frames") }
                continue
            }
            frames += 1
            if frames > limits.maxFrames { throw MediaError(.tooLarge, "more than \(limits.maxFrames) frames") }
            return true
        }
    }

    /// Forgets what it holds, after a seek.
    package func flush() { avcodec_flush_buffers(context) }
}

extension MediaLimits {
    /// - Throws: ``MediaError`` with `tooLarge`.
    package func check(_ parameters: AVCodecParameters) throws {
        guard parameters.codec_type == AVMEDIA_TYPE_VIDEO else { return }
        let width = Int64(parameters.width), height = Int64(parameters.height)
        guard width <= maxSide, height <= maxSide, width * height <= maxPixels else {
            throw MediaError(.tooLarge, "a picture of \(width)×\(height) is over the limit of \(maxPixels) pixels")
        }
    }
}
