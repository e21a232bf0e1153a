internal import CFluidSynth
internal import Execution
public import Sound

/// Plays a score by FluidSynth with a General MIDI sound font, faster than time, without a sound device.
public final class Synthesizer: Sendable {
    /// Debian's `timgm6mb-soundfont`.
    public static let debianSoundFont = "/usr/share/sounds/sf2/TimGM6mb.sf2"
    /// Loudness of what ``render(_:)`` gives, in LUFS: a bed; the film's mix decides the rest.
    public static let loudness = -20.0

    private let soundFont: String
    private let pool = BlockingPool(name: "music", threads: 1, queueLimit: 64)

    /// - Parameter soundFont: path of an SF2 or SF3 file.
    public init(soundFont: String = Synthesizer.debianSoundFont) { self.soundFont = soundFont }

    /// The score as 48 kHz stereo of exactly its length, at ``loudness``, never clipped, ending in silence.
    /// - Throws: ``MusicError``, `CancellationError`.
    public func render(_ score: Score) async throws -> SoundBuffer {
        let flag = CancellationFlag()
        let soundFont = self.soundFont
        return try await withTaskCancellationHandler {
            try await pool.run {
                // Sound font and notes lie in the allocator's arenas: an idle worker must not keep them.
                defer { _ = malloc_trim(0) }
                let player = try FluidPlayer(soundFont: soundFont, parts: score.parts)
                var sound = try player.play(score, flag: flag)
                sound.normalise(to: Self.loudness, ceiling: 0.7)
                sound.fadeIn(milliseconds: 40)
                // The reverberation and the last chord end with the film.
                let ring = score.durationMs - score.cadenceMs
                sound.fadeOut(milliseconds: min(2_200, max(250, ring * 6 / 10)))
                return sound
            }
        } onCancel: {
            flag.cancel()
        }
    }
}

/// Owns FluidSynth's handles for one rendering; the sound font's memory is given back with it.
private final class FluidPlayer {
    private static let rate = 48_000
    private let settings: OpaquePointer
    private let synth: OpaquePointer

    init(soundFont: String, parts: [Score.Part]) throws(MusicError) {
        // Its messages would stand between the lines of the log; what matters comes back as a code.
        for level in 0..<Int32(LAST_LOG_LEVEL.rawValue) { fluid_set_log_function(level, nil, nil) }
        guard let settings = new_fluid_settings() else { throw MusicError(.synthesiserFailed, "no settings") }
        fluid_settings_setnum(settings, "synth.sample-rate", Double(Self.rate))
        fluid_settings_setnum(settings, "synth.gain", 0.6)
        fluid_settings_setint(settings, "synth.polyphony", 192)
        fluid_settings_setint(settings, "synth.threadsafe-api", 0)
        fluid_settings_setint(settings, "synth.chorus.active", 0)
        fluid_settings_setnum(settings, "synth.reverb.room-size", 0.55)
        fluid_settings_setnum(settings, "synth.reverb.damp", 0.35)
        fluid_settings_setnum(settings, "synth.reverb.width", 0.9)
        fluid_settings_setnum(settings, "synth.reverb.level", 0.7)
        guard let synth = new_fluid_synth(settings) else {
            delete_fluid_settings(settings)
            throw MusicError(.synthesiserFailed, "no synthesiser")
        }
        self.settings = settings
        self.synth = synth
        let font = fluid_synth_sfload(synth, soundFont, 1)
        guard font >= 0 else { throw MusicError(.noSoundFont, "\(soundFont) cannot be read as a sound font") }
        for (index, part) in parts.enumerated() {
            let channel = Self.channel(index, parts)
            if let program = part.program {
                fluid_synth_program_select(synth, channel, font, 0, Int32(program))
            } else {
                fluid_synth_program_select(synth, channel, font, 128, 0)
            }
            for (controller, value) in [(7, part.volume), (10, part.pan), (91, part.reverb)] {
                fluid_synth_cc(synth, channel, Int32(controller), Int32(value))
            }
        }
    }

    deinit {
        delete_fluid_synth(synth)
        delete_fluid_settings(settings)
    }

    func play(_ score: Score, flag: CancellationFlag) throws -> SoundBuffer {
        struct Event {
            let frame: Int
            let isOn: Bool
            let note: Score.Note
        }
        let total = score.durationMs * Self.rate / 1000
        let events = score.notes.flatMap { note in
            [
                Event(frame: Int(note.start * Double(Self.rate)), isOn: true, note: note),
                Event(frame: Int(note.end * Double(Self.rate)), isOn: false, note: note),
            ]
        }.filter { $0.frame < total }
            // Ends before beginnings, so that a repeated tone is struck again.
            .sorted { ($0.frame, $0.isOn ? 1 : 0) < ($1.frame, $1.isOn ? 1 : 0) }
        var sound = SoundBuffer(samples: [Float](repeating: 0, count: total * 2), channels: 2, sampleRate: Self.rate)
        var next = 0
        var frame = 0
        while frame < total {
            if flag.isCancelled { throw CancellationError() }
            while next < events.count, events[next].frame <= frame {
                let note = events[next].note
                let channel = Self.channel(note.part, score.parts)
                if events[next].isOn {
                    fluid_synth_noteon(synth, channel, Int32(note.key), Int32(note.velocity))
                } else {
                    fluid_synth_noteoff(synth, channel, Int32(note.key))
                }
                next += 1
            }
            let until = min(total, next < events.count ? events[next].frame : total, frame + Self.rate)
            let count = until - frame
            let code = sound.samples.withUnsafeMutableBufferPointer { buffer -> Int32 in
                guard let base = buffer.baseAddress else { return -1 }
                return fluid_synth_write_float(
                    synth, Int32(count), base, Int32(frame * 2), 2, base, Int32(frame * 2 + 1), 2)
            }
            guard code == 0 else { throw MusicError(.synthesiserFailed, "rendering stopped at frame \(frame)") }
            frame = until
        }
        return sound
    }

    /// Drums have General MIDI's tenth channel.
    private static func channel(_ part: Int, _ parts: [Score.Part]) -> Int32 {
        parts[part].program == nil ? 9 : Int32(part)
    }
}
