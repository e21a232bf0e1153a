/// Makes captions of what a voice says: two lines at most, long enough to read, never over one another.
public struct CueMaker: Sendable {
    /// How captions break into lines.
    public var breaking: LineBreaker
    /// Shortest caption where there is room for it, in milliseconds.
    public var minimumMs: Int
    /// How long a caption may stay after its last word where nothing follows, in milliseconds.
    public var lingerMs: Int
    /// Dark time between captions that do not follow at once, in milliseconds.
    public var gapMs: Int

    /// The field's rules of thumb: a second at least, a breath after the last word.
    public init(
        breaking: LineBreaker = LineBreaker(), minimumMs: Int = 1_000, lingerMs: Int = 350, gapMs: Int = 80
    ) {
        self.breaking = breaking
        self.minimumMs = minimumMs
        self.lingerMs = lingerMs
        self.gapMs = gapMs
    }

    /// The captions of a film.
    /// - Parameters:
    ///   - scenes: the scenes as laid out; those without a voice have no captions.
    ///   - phrases: by scene id, the phrases of its voice, in milliseconds of the recording.
    public func cues(_ scenes: [Scene], phrases: [String: [Phrase]]) -> [Cue] {
        let spans = scenes.flatMap { scene -> [Cue] in
            guard let voice = scene.voice else { return [] }
            let start = scene.startMs + voice.offsetMs
            return (phrases[scene.id] ?? []).flatMap { phrase in
                split(phrase).map { Cue(startMs: start + $0.startMs, endMs: start + $0.endMs, text: $0.text) }
            }
        }
        return timed(spans, filmMs: scenes.last?.endMs ?? 0)
    }

    /// Cues for a picture of another shape: the same words and times, cut into pieces that fit its lines.
    public func refit(_ cues: [Cue]) -> [Cue] {
        cues.flatMap { cue in
            split(Phrase(text: cue.text, startMs: cue.startMs, endMs: cue.endMs)).map {
                Cue(startMs: $0.startMs, endMs: $0.endMs, text: breaking.break($0.text).joined(separator: "\n"))
            }
        }
    }

    /// Cuts a phrase that is too long, its time shared out by the length of the words.
    private func split(_ phrase: Phrase) -> [Phrase] {
        let pieces = breaking.pieces(phrase.text)
        let total = pieces.reduce(0) { $0 + LineBreaker.width($1) }
        guard total > 0, phrase.endMs > phrase.startMs else { return [] }
        let length = phrase.endMs - phrase.startMs
        var done = 0
        return pieces.map { piece in
            let start = phrase.startMs + length * done / total
            done += LineBreaker.width(piece)
            return Phrase(text: piece, startMs: start, endMs: phrase.startMs + length * done / total)
        }
    }

    /// Joins what is too short with what follows, lets captions linger, keeps them apart.
    private func timed(_ spans: [Cue], filmMs: Int) -> [Cue] {
        var joined: [Cue] = []
        for span in spans {
            if let last = joined.last, last.endMs - last.startMs < minimumMs, span.startMs - last.endMs < 400,
                breaking.fits(last.text + " " + span.text)
            {
                joined[joined.count - 1].endMs = span.endMs
                joined[joined.count - 1].text += " " + span.text
            } else {
                joined.append(span)
            }
        }
        return joined.indices.compactMap { index in
            var cue = joined[index]
            let limit = index + 1 < joined.count ? joined[index + 1].startMs : filmMs
            let wished = max(cue.endMs + lingerMs, cue.startMs + minimumMs)
            // Either apart by the gap, or directly one after the other.
            cue.endMs = wished + gapMs <= limit ? wished : min(max(cue.endMs, limit), limit)
            cue.text = breaking.break(cue.text).joined(separator: "\n")
            return cue.endMs > cue.startMs ? cue : nil
        }
    }
}
