package import CLibAV

/// Changes rate, format and channels of sound (libswresample). Used from one thread at a time.
package final class Resampler {
    /// Samples per second that it makes.
    package let rate: Int
    /// Channels that it makes, in libav's default layout for that number.
    package let channels: Int
    /// The sample format that it makes; planar float by default.
    package let format: AVSampleFormat
    private var context: OpaquePointer?
    private var source: (rate: Int, format: AVSampleFormat, channels: Int)?

    /// What it makes. The input is learned from the first frame and may change later.
    package init(rate: Int, channels: Int, format: AVSampleFormat = AV_SAMPLE_FMT_FLTP) {
        self.rate = rate
        self.channels = channels
        self.format = format
    }

    deinit { swr_free(&context) }

    /// Converts a frame. May give an empty one; the rest comes with the next, or with ``drain()``.
    package func convert(_ frame: Frame) throws -> Frame {
        if source.map({ $0 != (frame.sampleRate, frame.sampleFormat, frame.channels) }) ?? true { try open(for: frame) }
        return try run(UnsafePointer(frame.pointer), frame.samples)
    }

    /// What is still held, at the end.
    package func drain() throws -> Frame? {
        guard context != nil else { return nil }
        let frame = try run(nil, 0)
        return frame.samples > 0 ? frame : nil
    }

    private func open(for frame: Frame) throws {
        swr_free(&context)
        var target = AVChannelLayout()
        av_channel_layout_default(&target, Int32(channels))
        var origin = AVChannelLayout()
        if frame.pointer.pointee.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
            av_channel_layout_default(&origin, Int32(frame.channels))
        } else {
            try check(av_channel_layout_copy(&origin, &frame.pointer.pointee.ch_layout), "channels")
        }
        defer {
            av_channel_layout_uninit(&origin)
            av_channel_layout_uninit(&target)
        }
        try check(
            swr_alloc_set_opts2(
                &context, &target, format, Int32(rate), &origin, frame.sampleFormat, Int32(frame.sampleRate), 0, nil),
            "resampler")
        try check(swr_init(context), "resampler")
        source = (frame.sampleRate, frame.sampleFormat, frame.channels)
    }

    private func run(_ frame: UnsafePointer<AVFrame>?, _ samples: Int) throws -> Frame {
        let room = try check(swr_get_out_samples(context, Int32(samples)), "resampling")
        let result = try Frame(samples: max(1, Int(room)), format: format, channels: channels, rate: rate)
        let input = frame.map {
            UnsafeMutableRawPointer($0.pointee.extended_data).assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
        }
        let made = try check(
            swr_convert(context, result.pointer.pointee.extended_data, room, input, Int32(samples)), "resampling")
        result.pointer.pointee.nb_samples = made
        return result
    }
}
