internal import Sound

/// Finds out when the clauses and words of a spoken sentence are heard.
///
/// The engines say nothing about time. A clause's share of the sentence's sounds says about where it ends; the quietest
/// place near there, the voice's own pause, says exactly where.
struct SentenceTiming {
    /// A clause with the length of its sounds.
    struct Part {
        var text: String
        var weight: Double
        /// Words as written, with the length of their sounds.
        var words: [(text: String, weight: Double)]
    }

    /// Length of a window that is looked at, in milliseconds.
    private static let windowMs = 10

    /// Spans in milliseconds of `sound`, which begins and ends with speech.
    static func spans(_ parts: [Part], in sound: SoundBuffer) -> (phrases: [SpokenSpan], words: [SpokenSpan]) {
        let levels = sound.levels(window: sound.sampleRate * windowMs / 1000)
        let total = parts.reduce(0) { $0 + $1.weight }
        guard total > 0, !levels.isEmpty else { return ([], []) }
        var cuts: [(end: Int, next: Int)] = []
        var done = 0.0
        for part in parts.dropLast() {
            done += part.weight
            let expected = Int(Double(levels.count) * done / total)
            let floor = (cuts.last?.next ?? 0) + 8
            cuts.append(pause(levels, near: expected, after: floor))
        }
        var phrases: [SpokenSpan] = []
        var words: [SpokenSpan] = []
        for (index, part) in parts.enumerated() {
            let start = index == 0 ? 0 : cuts[index - 1].next * windowMs
            let end = index == parts.count - 1 ? sound.durationMs : cuts[index].end * windowMs
            phrases.append(SpokenSpan(text: part.text, startMs: start, endMs: max(start + 1, end)))
            let weight = part.words.reduce(0) { $0 + $1.weight }
            var passed = 0.0
            for word in part.words where weight > 0 {
                let from = start + Int(Double(end - start) * passed / weight)
                passed += word.weight
                let to = start + Int(Double(end - start) * passed / weight)
                words.append(SpokenSpan(text: word.text, startMs: from, endMs: max(from + 1, to)))
            }
        }
        return (phrases, words)
    }

    /// The quietest stretch of 60 ms within 600 ms of the expected place, then the whole pause around it.
    private static func pause(_ levels: [Float], near expected: Int, after floor: Int) -> (end: Int, next: Int) {
        let low = max(floor, expected - 60)
        let high = min(levels.count - 8, expected + 60)
        guard low < high else {
            let place = min(max(floor, expected), max(0, levels.count - 1))
            return (place, place)
        }
        // A little distance is worth a little noise, so that a far breath does not win over a near pause.
        func cost(_ place: Int) -> Float {
            levels[max(0, place - 3)..<min(levels.count, place + 3)].reduce(0, +)
                + Float(abs(place - expected)) * 0.0006
        }
        let best = (low..<high).min { cost($0) < cost($1) } ?? expected
        let quiet = max(0.008, (levels[best]) * 2)
        var end = best
        var next = best
        while end > low, levels[end - 1] < quiet { end -= 1 }
        while next < high, levels[next] < quiet { next += 1 }
        return (end, next)
    }
}
