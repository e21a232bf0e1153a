package import CLibAV

/// Sound that waits until a frame of a wanted length is full. Used from one thread at a time.
package final class SampleQueue {
    private let queue: OpaquePointer
    private let format: AVSampleFormat
    private let channels: Int
    private let rate: Int
    /// Samples that were taken out so far: the time of the next frame in a time base of 1/rate.
    package private(set) var position: Int64 = 0

    /// What sound comes in, and goes out as it came.
    /// - Parameter rate: samples per second of each channel.
    package init(format: AVSampleFormat, channels: Int, rate: Int) throws {
        guard let queue = av_audio_fifo_alloc(format, Int32(channels), 4096) else {
            throw MediaError(.outOfMemory, "sound")
        }
        self.queue = queue
        self.format = format
        self.channels = channels
        self.rate = rate
    }

    deinit { av_audio_fifo_free(queue) }

    /// Samples that wait.
    package var count: Int { Int(av_audio_fifo_size(queue)) }

    /// Puts the samples of a frame behind those that wait; its time is not looked at.
    package func add(_ frame: Frame) throws {
        let planes = UnsafeMutableRawPointer(frame.pointer.pointee.extended_data)
            .assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
        try check(av_audio_fifo_write(queue, planes, Int32(frame.samples)), "sound")
    }

    /// A frame of exactly `samples`; fewer where less waits (at the end), `nil` where nothing does.
    package func take(_ samples: Int) throws -> Frame? {
        let count = min(samples, self.count)
        guard count > 0 else { return nil }
        let frame = try Frame(samples: count, format: format, channels: channels, rate: rate)
        let planes = UnsafeMutableRawPointer(frame.pointer.pointee.extended_data)
            .assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
        try check(av_audio_fifo_read(queue, planes, Int32(count)), "sound")
        frame.pts = position
        position += Int64(count)
        return frame
    }
}
