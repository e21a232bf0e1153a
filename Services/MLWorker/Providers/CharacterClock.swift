import Speech

/// When each character of a text is spoken.
struct CharacterClock {
    /// By Unicode scalar of the text: start and end in milliseconds.
    private var times: [(start: Int, end: Int)] = []
    private let limitMs: Int

    /// - Parameters:
    ///   - characters: pieces of the text in order; their times in seconds.
    ///   - limitMs: length of the sound: no time is later.
    init(characters: [String], starts: [Double], ends: [Double], limitMs: Int) {
        self.limitMs = limitMs
        func milliseconds(_ seconds: Double) -> Int {
            seconds.isFinite ? Int(min(max(0, seconds), 36_000) * 1000) : 0
        }
        var last = 0
        for (index, character) in characters.enumerated() {
            // Times that go back would make captions that overlap.
            let start = min(limitMs, max(last, milliseconds(starts[index])))
            let end = min(limitMs, max(start, milliseconds(ends[index])))
            last = start
            for _ in character.unicodeScalars { times.append((start, end)) }
        }
    }

    /// The time of some words that begin at a scalar of the text. Beyond what was timed: the end.
    func span(_ text: String, at offset: Int) -> SpokenSpan {
        let last = offset + text.unicodeScalars.count - 1
        let start = times.indices.contains(offset) ? times[offset].start : times.last?.end ?? 0
        let end = times.indices.contains(last) ? times[last].end : times.last?.end ?? limitMs
        return SpokenSpan(text: text, startMs: start, endMs: max(start + 1, end))
    }
}
