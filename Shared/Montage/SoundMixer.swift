internal import AV
internal import CMontage
internal import Execution
internal import Film
internal import Glibc
internal import Titles

/// Mixes the four kinds of track (MED-011): voices, music, the clips' own sound; and brings the film to its loudness.
struct SoundMixer {
    private let timeline: Timeline
    private let inputs: [String: String]
    private let look: Look
    private let interrupt: Interrupt
    private let total: Int

    init(_ timeline: Timeline, inputs: [String: String], look: Look, interrupt: Interrupt) {
        self.timeline = timeline
        self.inputs = inputs
        self.look = look
        self.interrupt = interrupt
        total = SampleBuffer.frames(ms: timeline.durationMs)
    }

    /// The whole sound of the film, and how loud it is; `nil` where it is silent.
    func mix() throws -> (sound: SampleBuffer, loudness: Double?, truePeak: Double?) {
        let mix = try SampleBuffer(frames: total)
        let step = SampleBuffer.frames(ms: DuckCurve.stepMs)
        var speech = [Bool](repeating: false, count: (total + step - 1) / step)
        for scene in timeline.scenes {
            if let voice = scene.voice { try add(voice, of: scene, to: mix, &speech) }
            try interrupt.check()
        }
        let curve = DuckCurve(speech: speech, duck: look.duck, times: look.duckTimes)
        if let music = timeline.music { try add(music, to: mix, curve) }
        for scene in timeline.scenes where scene.visual.soundDb != nil { try addOwnSound(of: scene, to: mix) }
        try interrupt.check()
        let level = try normalise(mix)
        return (mix, level?.integrated, level?.truePeak)
    }

    // MARK: Voice

    private func add(_ voice: Voice, of scene: Scene, to mix: SampleBuffer, _ speech: inout [Bool]) throws {
        let path = try path(of: voice.assetId)
        let start = SampleBuffer.frames(ms: scene.startMs + voice.offsetMs)
        // A recording a little longer than announced is heard to its end.
        let limitMs = min(voice.durationMs + 2_000, timeline.durationMs - scene.startMs - voice.offsetMs)
        guard
            let sound = try MontageError.naming(
                voice.assetId, { try SoundFile.read(path: path, limitMs: limitMs, interrupt: interrupt) })
        else { throw MontageError(.invalidRequest, assetID: voice.assetId, "no sound in this voice") }
        let count = min(sound.frames, total - start)
        guard count > 0 else { return }
        cm_high_pass(sound.samples, count, Double(SampleBuffer.rate), 75)
        cm_compress(sound.samples, count, Double(SampleBuffer.rate), -24, 2.2, 6, 120)
        let edge = min(count / 4, SampleBuffer.rate / 100)
        fade(sound, 0..<count, inFrames: edge, outFrames: edge)
        // Every voice equally loud, whatever made it.
        let loudness = try sound.loudness(0..<count)?.integrated ?? look.voice
        let gain = factor(dB: min(30, look.voice - loudness))
        cm_add(mix.at(start), sound.samples, count, gain)
        let step = SampleBuffer.frames(ms: DuckCurve.stepMs)
        var frame = 0
        while frame < count {
            let length = min(step, count - frame)
            let at = (start + frame) / step
            if at < speech.count, cm_rms(sound.at(frame), length) * gain > DuckCurve.threshold { speech[at] = true }
            frame += step
        }
    }

    // MARK: Music

    private func add(_ music: Music, to mix: SampleBuffer, _ curve: DuckCurve) throws {
        let path = try path(of: music.assetId)
        let sound = try MontageError.naming(music.assetId) {
            try SoundFile.read(path: path, limitMs: timeline.durationMs, interrupt: interrupt)
        }
        guard let sound else { throw MontageError(.invalidRequest, assetID: music.assetId, "no sound in this music") }
        let bed = try repeated(sound)
        let loudness = try sound.loudness()?.integrated ?? look.music
        let factors = curve.factors(
            gainDb: min(30, look.music - loudness) + (music.gainDb ?? 0), fadeInMs: look.musicFades.inMs,
            fadeOutMs: min(look.musicFades.outMs, timeline.durationMs / 3))
        cm_add_curve(mix.samples, bed.samples, total, factors, SampleBuffer.frames(ms: DuckCurve.stepMs))
    }

    /// Music as long as the film: the end of one round melts into the next.
    private func repeated(_ sound: SampleBuffer) throws -> SampleBuffer {
        guard sound.frames < total else { return sound }
        let bed = try SampleBuffer(frames: total)
        let overlap = min(SampleBuffer.rate * 3 / 2, sound.frames / 4)
        guard sound.frames - overlap > 0 else { return bed }
        fade(sound, 0..<sound.frames, inFrames: 0, outFrames: overlap)
        cm_add(bed.samples, sound.samples, sound.frames, 1)
        fade(sound, 0..<sound.frames, inFrames: overlap, outFrames: 0)
        var start = sound.frames - overlap
        while start < total {
            cm_add(bed.at(start), sound.samples, min(sound.frames, total - start), 1)
            start += sound.frames - overlap
        }
        return bed
    }

    // MARK: The clips' own sound

    private func addOwnSound(of scene: Scene, to mix: SampleBuffer) throws {
        guard scene.visual.kind == .clip, let asset = scene.visual.assetId, let level = scene.visual.soundDb,
            let from = scene.visual.startMs, let to = scene.visual.endMs
        else { return }
        let path = try path(of: asset)
        let sound = try MontageError.naming(asset) {
            try SoundFile.read(
                path: path, range: from..<min(to, from + scene.durationMs), limitMs: scene.durationMs,
                interrupt: interrupt)
        }
        guard let sound else { return }
        let start = SampleBuffer.frames(ms: scene.startMs)
        let count = min(sound.frames, total - start)
        guard count > 0 else { return }
        let edge = min(count / 3, SampleBuffer.rate / 4)
        fade(sound, 0..<count, inFrames: edge, outFrames: edge)
        let loudness = try sound.loudness(0..<count)?.integrated ?? look.voice
        cm_add(mix.at(start), sound.samples, count, factor(dB: min(20, look.voice + level - loudness)))
    }

    // MARK: Levels

    /// Two passes and more: measured, brought to the loudness, limited, and again until it stands (MED-015).
    private func normalise(_ mix: SampleBuffer) throws -> (integrated: Double, truePeak: Double)? {
        guard var level = try mix.loudness() else { return nil }
        // AAC adds a little to peaks: room for it below the promised ceiling.
        let ceiling = factor(dB: look.truePeak - 0.8)
        for _ in 0..<8 {
            let change = look.loudness - level.integrated
            if abs(change) < 0.05, level.truePeak <= look.truePeak - 0.6 { break }
            cm_scale(mix.samples, total, factor(dB: min(40, change)))
            guard cm_limit(mix.samples, total, Double(SampleBuffer.rate), ceiling) >= 0 else {
                throw MediaError(.outOfMemory, "the limiter")
            }
            guard let now = try mix.loudness() else { return nil }
            level = now
            try interrupt.check()
        }
        return level
    }

    private func fade(_ sound: SampleBuffer, _ range: Range<Int>, inFrames: Int, outFrames: Int) {
        for frame in 0..<min(inFrames, range.count) {
            let gain = Float(frame) / Float(inFrames)
            let sample = sound.at(range.lowerBound + frame)
            sample[0] *= gain
            sample[1] *= gain
        }
        for frame in 0..<min(outFrames, range.count) {
            let gain = Float(frame) / Float(outFrames)
            let sample = sound.at(range.upperBound - 1 - frame)
            sample[0] *= gain
            sample[1] *= gain
        }
    }

    private func path(of asset: String) throws -> String {
        guard let path = inputs[asset] else { throw MontageError(.invalidRequest, assetID: asset, "no file for it") }
        return path
    }
}
