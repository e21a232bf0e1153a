package import CLibAV

/// A picture or a piece of sound. Used from one thread at a time.
package final class Frame {
    /// libav's frame; owned.
    package let pointer: UnsafeMutablePointer<AVFrame>

    /// A frame without content.
    package init() throws {
        guard let pointer = av_frame_alloc() else { throw MediaError(.outOfMemory, "frame") }
        self.pointer = pointer
    }

    /// A picture with memory of its own; its content is undefined.
    package convenience init(width: Int, height: Int, format: AVPixelFormat) throws {
        try self.init()
        pointer.pointee.width = Int32(width)
        pointer.pointee.height = Int32(height)
        pointer.pointee.format = format.rawValue
        try check(av_frame_get_buffer(pointer, 0), "memory of a picture")
    }

    /// Sound with memory of its own; its content is undefined.
    package convenience init(samples: Int, format: AVSampleFormat, channels: Int, rate: Int) throws {
        try self.init()
        pointer.pointee.nb_samples = Int32(samples)
        pointer.pointee.format = format.rawValue
        pointer.pointee.sample_rate = Int32(rate)
        av_channel_layout_default(&pointer.pointee.ch_layout, Int32(channels))
        try check(av_frame_get_buffer(pointer, 0), "memory of sound")
    }

    deinit {
        var freed: UnsafeMutablePointer<AVFrame>? = pointer
        av_frame_free(&freed)
    }

    /// Pixels of a row; 0 for sound.
    package var width: Int { Int(pointer.pointee.width) }
    /// Rows of pixels; 0 for sound.
    package var height: Int { Int(pointer.pointee.height) }
    /// What a pixel is made of; means nothing for sound.
    package var pixelFormat: AVPixelFormat { AVPixelFormat(pointer.pointee.format) }
    /// What a sample is made of, and whether channels have planes of their own; means nothing for a picture.
    package var sampleFormat: AVSampleFormat { AVSampleFormat(pointer.pointee.format) }
    /// Samples of each channel.
    package var samples: Int { Int(pointer.pointee.nb_samples) }
    /// Samples per second of each channel; 0 for a picture.
    package var sampleRate: Int { Int(pointer.pointee.sample_rate) }
    /// Channels of sound; 0 for a picture.
    package var channels: Int { Int(pointer.pointee.ch_layout.nb_channels) }
    /// The picture was coded without reference to others.
    package var isKey: Bool { atelier_frame_is_key(pointer) != 0 }

    /// When it is shown, in the time base of where it came from; `nil` where unknown.
    package var pts: Int64? {
        get { pointer.pointee.pts == ATELIER_NOPTS ? nil : pointer.pointee.pts }
        set { pointer.pointee.pts = newValue ?? ATELIER_NOPTS }
    }

    /// The decoder's best guess of when it is shown, in the stream's time base.
    package var bestPTS: Int64? {
        let value = pointer.pointee.best_effort_timestamp
        return value == ATELIER_NOPTS ? pts : value
    }

    /// The bytes of a plane (or of a channel of planar sound).
    package func plane(_ index: Int) -> UnsafeMutablePointer<UInt8> {
        guard let plane = pointer.pointee.extended_data[index] else { preconditionFailure("no such plane") }
        return plane
    }

    /// Bytes from one row of a plane to the next.
    package func stride(_ index: Int) -> Int {
        withUnsafeBytes(of: &pointer.pointee.linesize) { Int($0.load(fromByteOffset: index * 4, as: Int32.self)) }
    }

    /// The floats of a channel of planar float sound.
    package func floats(_ channel: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: UnsafeMutableRawPointer(plane(channel)).assumingMemoryBound(to: Float.self), count: samples)
    }

    /// Gives its content back.
    package func clear() { av_frame_unref(pointer) }

    /// Another frame over the same content.
    package func reference() throws -> Frame {
        let frame = try Frame()
        try check(av_frame_ref(frame.pointer, pointer), "reference to a frame")
        return frame
    }
}
