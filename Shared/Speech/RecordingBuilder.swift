internal import Sound

/// Puts spoken sentences together: their silence trimmed, pauses of our own between them, one loudness.
struct RecordingBuilder {
    /// Loudness of a finished recording, in LUFS: speech with headroom; the film's mix decides the rest.
    static let loudness = -20.0
    /// Pause between sentences, in milliseconds.
    static let pauseMs = 320
    /// Silence before the first and after the last word, in milliseconds: no engine's click, no cut-off breath.
    static let marginMs = 60

    private var sound: SoundBuffer?
    private var phrases: [SpokenSpan] = []
    private var words: [SpokenSpan] = []

    /// Appends a sentence as an engine gave it.
    mutating func append(_ sentence: SoundBuffer, parts: [SentenceTiming.Part]) {
        let spoken = Self.trimmed(sentence)
        guard spoken.frames > 0 else { return }
        let rate = spoken.sampleRate
        var whole = sound ?? SoundBuffer(sampleRate: rate)
        let gap = phrases.isEmpty ? Self.marginMs : Self.pauseMs
        whole.samples.append(contentsOf: repeatElement(0, count: rate * gap / 1000))
        let offset = whole.durationMs
        whole.samples.append(contentsOf: spoken.samples)
        sound = whole
        let spans = SentenceTiming.spans(parts, in: spoken)
        phrases += spans.phrases.map { $0.moved(by: offset) }
        words += spans.words.map { $0.moved(by: offset) }
    }

    /// The recording.
    /// - Throws: ``SpeechError`` where nothing was heard.
    func finish(engine: String) throws(SpeechError) -> Recording {
        guard var sound, !phrases.isEmpty else { throw SpeechError(.engineFailed, "\(engine) gave only silence") }
        sound.samples.append(contentsOf: repeatElement(0, count: sound.sampleRate * Self.marginMs / 1000))
        sound.normalise(to: Self.loudness)
        return Recording(sound: sound, phrases: phrases, words: words, engine: engine)
    }

    /// Without the silence that an engine puts around a sentence; edges faded so that nothing clicks.
    private static func trimmed(_ sound: SoundBuffer) -> SoundBuffer {
        let window = sound.sampleRate / 200
        let levels = sound.levels(window: window)
        guard let loudest = levels.max(), loudest > 0.0005 else { return SoundBuffer(sampleRate: sound.sampleRate) }
        let threshold = max(0.0015, loudest * 0.012)
        guard let first = levels.firstIndex(where: { $0 > threshold }),
            let last = levels.lastIndex(where: { $0 > threshold })
        else { return SoundBuffer(sampleRate: sound.sampleRate) }
        // Three windows before (a soft consonant), eight after (a fading vowel).
        let from = max(0, first - 3) * window
        let to = min(sound.samples.count, (last + 9) * window)
        var result = SoundBuffer(samples: Array(sound.samples[from..<to]), sampleRate: sound.sampleRate)
        result.fadeIn(milliseconds: 5)
        result.fadeOut(milliseconds: 15)
        return result
    }
}

extension SpokenSpan {
    fileprivate func moved(by milliseconds: Int) -> SpokenSpan {
        SpokenSpan(text: text, startMs: startMs + milliseconds, endMs: endMs + milliseconds)
    }
}
