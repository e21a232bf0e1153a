internal import CEbur128
internal import Glibc

/// Measures loudness as EBU R 128 wants it (ITU-R BS.1770). Used from one thread at a time.
package final class LoudnessMeter {
    private var state: UnsafeMutablePointer<ebur128_state>?
    private let channels: Int
    private var interleaved: [Float] = []

    /// - Parameter rate: samples per second of each channel.
    /// - Throws: ``MediaError`` `invalidRequest` where libebur128 takes no such sound.
    package init(channels: Int, rate: Int) throws {
        let mode = Int32(EBUR128_MODE_I.rawValue | EBUR128_MODE_TRUE_PEAK.rawValue | EBUR128_MODE_LRA.rawValue)
        state = ebur128_init(UInt32(channels), UInt(rate), mode)
        self.channels = channels
        guard state != nil else { throw MediaError(.invalidRequest, "loudness of this sound") }
    }

    deinit { if state != nil { ebur128_destroy(&state) } }

    /// Adds planar float sound.
    package func add(_ frame: Frame) throws {
        let count = frame.samples
        guard count > 0, frame.channels == channels else { return }
        if interleaved.count < count * channels { interleaved = [Float](repeating: 0, count: count * channels) }
        for channel in 0..<channels {
            let source = frame.floats(channel)
            interleaved.withUnsafeMutableBufferPointer { target in
                for index in 0..<count { target[index * channels + channel] = source[index] }
            }
        }
        try addInterleaved(interleaved, frames: count)
    }

    /// Adds interleaved float sound.
    package func addInterleaved(_ samples: [Float], frames: Int) throws {
        guard ebur128_add_frames_float(state, samples, frames) == 0 else {
            throw MediaError(.outOfMemory, "loudness")
        }
    }

    /// Integrated loudness in LUFS; `nil` where all was silent.
    package var integrated: Double? {
        var value = 0.0
        return ebur128_loudness_global(state, &value) == 0 && value.isFinite ? value : nil
    }

    /// Loudness range in LU.
    package var range: Double? {
        var value = 0.0
        return ebur128_loudness_range(state, &value) == 0 && value.isFinite ? value : nil
    }

    /// The true peak over all channels in dBTP; `nil` where all was silent.
    package var truePeak: Double? {
        var peak = 0.0
        for channel in 0..<channels {
            var value = 0.0
            if ebur128_true_peak(state, UInt32(channel), &value) == 0 { peak = max(peak, value) }
        }
        return peak > 0 ? 20 * log10(peak) : nil
    }
}
