/// Writers of subtitle files.
public enum Subtitles {
    /// SubRip: numbered cues, a comma before the milliseconds, CRLF-free.
    public static func srt(_ cues: [Cue], breaking: LineBreaker = LineBreaker()) -> String {
        cues.enumerated().map { index, cue in
            "\(index + 1)\n\(clock(cue.startMs, ",")) --> \(clock(cue.endMs, ","))\n\(lines(cue, breaking))\n"
        }.joined(separator: "\n")
    }

    /// WebVTT (W3C): header, cues, `&`, `<` and `>` escaped.
    public static func vtt(_ cues: [Cue], breaking: LineBreaker = LineBreaker()) -> String {
        let body = cues.map { cue in
            let text = lines(cue, breaking).flatMap { character -> String in
                switch character {
                case "&": "&amp;"
                case "<": "&lt;"
                case ">": "&gt;"
                default: String(character)
                }
            }
            return "\(clock(cue.startMs, ".")) --> \(clock(cue.endMs, "."))\n\(String(text))\n"
        }
        return (["WEBVTT\n"] + body).joined(separator: "\n")
    }

    /// `HH:MM:SS` and milliseconds behind a mark.
    static func clock(_ milliseconds: Int, _ mark: Character) -> String {
        let seconds = max(0, milliseconds) / 1000
        return pad(seconds / 3600, 2) + ":" + pad(seconds / 60 % 60, 2) + ":" + pad(seconds % 60, 2) + String(mark)
            + pad(max(0, milliseconds) % 1000, 3)
    }

    private static func pad(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// A cue's lines: as it breaks them itself, or broken here. Never an empty line, which would end the cue.
    private static func lines(_ cue: Cue, _ breaking: LineBreaker) -> String {
        let own = cue.text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        return own.count > 1 ? own.joined(separator: "\n") : breaking.break(cue.text).joined(separator: "\n")
    }
}
