internal import Glibc
internal import Primitives

/// Composes music for a film: a beginning, a body in phrases of four bars, and an end that falls on the film's own.
///
/// Deterministic: the same mood, length and seed give the same notes. Nothing is quoted or learned from anybody's music;
/// the rules are those of any harmony book (voices move little, a phrase breathes, a cadence closes).
public enum Composer {
    /// Possible lengths, in milliseconds.
    public static let lengthMs = 1_000...900_000

    /// Writes a piece.
    /// - Parameters:
    ///   - durationMs: to the last silence.
    ///   - seed: another seed gives another key, tempo, harmony and melody of the same mood.
    /// - Throws: ``MusicError`` with `invalidLength`.
    public static func compose(mood: Mood, durationMs: Int, seed: UInt64) throws(MusicError) -> Score {
        guard lengthMs.contains(durationMs) else {
            throw MusicError(
                .invalidLength, "\(durationMs) ms is not from \(lengthMs.lowerBound) to \(lengthMs.upperBound)")
        }
        let moodIndex = UInt64(Mood.allCases.firstIndex(of: mood) ?? 0)
        var random = SeededRandom(seed: seed &* 31 &+ moodIndex)
        let style = Style.of(mood)
        let plan = Plan(seconds: Double(durationMs) / 1000, style: style, random: &random)
        var writer = ScoreWriter(style: style, plan: plan, random: random)
        return writer.write(durationMs: durationMs)
    }
}

/// When bars begin, and what they are for.
struct Plan: Sendable {
    /// Whole bars before the last chord.
    let bars: Int
    /// Seconds a beat.
    let beat: Double
    /// When the last chord sounds, in seconds.
    var cadence: Double { Double(bars) * bar }
    /// Seconds a bar, of four beats.
    var bar: Double { beat * 4 }
    /// Bars in which the music gathers.
    var intro: Int { bars >= 24 ? 4 : bars >= 8 ? 2 : min(1, bars / 3) }

    /// Finds the tempo, near the style's own, at which whole bars and a last chord that has time to fade fill the length
    /// exactly.
    init(seconds: Double, style: Style, random: inout SeededRandom) {
        let wished =
            style.tempo.lowerBound + Double(random.next() % 1000) / 1000
            * (style.tempo.upperBound - style.tempo.lowerBound)
        let ring = min(4.2, max(0.8, seconds * 0.22))
        let bars = (seconds - ring) * wished / 240
        // Whole phrases of four bars sound finished; two bars, or one, do for a short film. The rest is the tempo's.
        let unit = bars >= 28 ? 4.0 : bars >= 10 ? 2.0 : 1.0
        self.bars = max(0, Int((bars / unit).rounded() * unit))
        beat = self.bars == 0 ? 60 / wished : (seconds - ring) / Double(self.bars * 4)
    }
}
