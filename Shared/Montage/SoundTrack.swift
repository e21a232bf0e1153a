internal import AV
internal import CLibAV
internal import Execution
internal import Film
internal import Glibc
internal import Titles

/// The film's sound, mixed and encoded on a thread of its own while the pictures are made.
final class SoundTrack: @unchecked Sendable {  // One thread fills it, then posts `done`; another waits before it reads.
    /// What the thread made.
    struct Result {
        /// Coded sound in order of time.
        var packets: [Packet]
        var loudness: Double?
        var truePeak: Double?
    }

    let encoder: Encoder
    private let done = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private var outcome: Swift.Result<Result, any Error>?

    /// Opens the encoder and starts the thread.
    init(_ mixer: SoundMixer, look: Look, globalHeader: Bool) throws {
        var settings = Encoder.Audio()
        settings.rate = SampleBuffer.rate
        settings.bitRate = Int64(look.audioBitRate)
        encoder = try Encoder(settings, globalHeader: globalHeader)
        sem_init(done, 0, 0)
        let job = Job(mixer: mixer)
        startThread { [self] in
            outcome = Swift.Result { try encode(job.mixer.mix()) }
            sem_post(done)
        }
    }

    deinit {
        sem_destroy(done)
        done.deallocate()
    }

    /// The outcome, where it is there.
    func poll() throws -> Result? {
        guard sem_trywait(done) == 0 else { return nil }
        // It stays done for whoever asks again: an outcome that throws is asked for twice.
        sem_post(done)
        return try outcome?.get()
    }

    /// Waits for the outcome. Bounded: the mixer reads the same interrupt as the pictures.
    func wait() throws -> Result? {
        while sem_wait(done) != 0 {}
        sem_post(done)
        return try outcome?.get()
    }

    private func encode(_ mixed: (sound: SampleBuffer, loudness: Double?, truePeak: Double?)) throws -> Result {
        let size = encoder.frameSize ?? 1024
        var result = Result(packets: [], loudness: mixed.loudness, truePeak: mixed.truePeak)
        var start = 0
        while start < mixed.sound.frames {
            let count = min(size, mixed.sound.frames - start)
            let frame = try Frame(samples: size, format: AV_SAMPLE_FMT_FLTP, channels: 2, rate: SampleBuffer.rate)
            let left = frame.floats(0)
            let right = frame.floats(1)
            let source = mixed.sound.at(start)
            for index in 0..<size {
                left[index] = index < count ? source[2 * index] : 0
                right[index] = index < count ? source[2 * index + 1] : 0
            }
            frame.pts = Int64(start)
            try encoder.send(frame)
            try drain(into: &result)
            start += size
        }
        try encoder.send(nil)
        try drain(into: &result)
        return result
    }

    private func drain(into result: inout Result) throws {
        while true {
            let packet = try Packet()
            guard try encoder.receive(into: packet) else { return }
            result.packets.append(packet)
        }
    }

    /// Carries the mixer to the thread.
    private struct Job: @unchecked Sendable {  // Handed over before the thread starts, used by it alone.
        let mixer: SoundMixer
    }
}
