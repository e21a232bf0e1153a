/// How loud the music is, in steps of ten milliseconds: down before a voice, up again after it, faded at both ends.
struct DuckCurve {
    /// Length of a step in milliseconds.
    static let stepMs = 10
    /// Voice quieter than this (RMS of a step) is a pause.
    static let threshold = 0.006

    /// Gains in decibels, one more than there are steps.
    private(set) var decibels: [Double]

    /// - Parameters:
    ///   - speech: for each step, whether somebody speaks.
    ///   - duck: how far the music goes down, in decibels below zero.
    ///   - times: how long it takes down, waits, takes up.
    init(speech: [Bool], duck: Double, times: (downMs: Int, holdMs: Int, upMs: Int)) {
        let count = speech.count + 1
        // The music is down from `down` before a word until `hold` after it.
        var isDown = [Bool](repeating: false, count: count)
        let lead = times.downMs / Self.stepMs
        let hold = times.holdMs / Self.stepMs
        var until = -1
        for step in speech.indices {
            if speech[step] { until = step + hold }
            if step <= until { isDown[step] = true }
        }
        var from = Int.max
        for step in speech.indices.reversed() {
            if speech[step] { from = step - lead / 3 }
            if step >= from, step <= from + lead { isDown[step] = true }
        }
        let down = duck / Double(max(1, lead))
        let up = -duck / Double(max(1, times.upMs / Self.stepMs))
        decibels = [Double](repeating: 0, count: count)
        // Forwards: up slowly. Backwards: down in time for the word.
        var level = 0.0
        for step in 0..<count {
            level = isDown[step] ? duck : min(0, level + up)
            decibels[step] = level
        }
        level = 0
        for step in (0..<count).reversed() {
            level = isDown[step] ? duck : min(0, level - down)
            decibels[step] = min(decibels[step], level)
        }
    }

    /// Factors for every step, with a gain and fades at both ends.
    func factors(gainDb: Double, fadeInMs: Int, fadeOutMs: Int) -> [Float] {
        let count = decibels.count
        return decibels.enumerated().map { step, decibel in
            let fadeIn = Double(step * Self.stepMs) / Double(max(1, fadeInMs))
            let fadeOut = Double((count - 1 - step) * Self.stepMs) / Double(max(1, fadeOutMs))
            // Squared: even to the ear.
            let fade = Ease.inOut(fadeIn) * min(1, fadeOut) * min(1, fadeOut)
            return Float(factor(dB: decibel + gainDb) * fade)
        }
    }
}
