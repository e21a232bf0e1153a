internal import CSound

/// Sound as floating-point samples, −1 … 1, channels interleaved.
public struct SoundBuffer: Sendable, Hashable {
    /// The samples, frame by frame.
    public var samples: [Float]
    /// Samples a frame.
    public let channels: Int
    /// Frames a second.
    public let sampleRate: Int

    /// Creates sound from samples.
    public init(samples: [Float] = [], channels: Int = 1, sampleRate: Int) {
        self.samples = samples
        self.channels = max(1, channels)
        self.sampleRate = max(1, sampleRate)
    }

    /// How many frames.
    public var frames: Int { samples.count / channels }
    /// How long it lasts, in milliseconds, rounded.
    public var durationMs: Int { (frames * 1000 + sampleRate / 2) / sampleRate }
    /// The largest magnitude.
    public var peak: Float { csound_peak(samples, samples.count) }
    /// Integrated loudness in LUFS (ITU-R BS.1770-4); `nil` for silence or less than 400 ms.
    public var loudness: Double? {
        let value = csound_loudness(samples, frames, Int32(channels), Int32(sampleRate))
        return value.isFinite ? value : nil
    }

    /// Multiplies all samples; peaks are bent softly below `ceiling`.
    public mutating func apply(gain: Float, ceiling: Float = 0.89) {
        samples.withUnsafeMutableBufferPointer { csound_gain($0.baseAddress, $0.count, gain, ceiling) }
    }

    /// Brings the sound to a loudness, by at most `limitDb` decibels up or down. Silence stays as it is.
    /// - Parameters:
    ///   - target: in LUFS.
    ///   - ceiling: the largest magnitude allowed after it.
    public mutating func normalise(to target: Double, ceiling: Float = 0.89, limitDb: Double = 30) {
        guard let loudness else { return }
        let decibels = min(limitDb, max(-limitDb, target - loudness))
        apply(gain: Float(Decibels.amplitude(decibels)), ceiling: ceiling)
    }

    /// Fades the beginning in, in milliseconds.
    public mutating func fadeIn(milliseconds: Int) {
        let count = min(frames, milliseconds * sampleRate / 1000)
        samples.withUnsafeMutableBufferPointer { csound_fade($0.baseAddress, count, Int32(channels), 0, 1) }
    }

    /// Fades the end out to silence, in milliseconds.
    public mutating func fadeOut(milliseconds: Int) {
        let count = min(frames, milliseconds * sampleRate / 1000)
        let start = (frames - count) * channels
        samples.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            csound_fade(base + start, count, Int32(channels), 1, 0)
        }
    }

    /// Root mean square of each whole window of mono sound.
    /// - Parameter window: in frames.
    public func levels(window: Int) -> [Float] {
        guard channels == 1, window > 0 else { return [] }
        let count = samples.count / window
        return [Float](unsafeUninitializedCapacity: count) { buffer, used in
            csound_rms(samples, samples.count, window, buffer.baseAddress)
            used = count
        }
    }
}
