import Film

/// Makes a script of a draft: times from the words, pictures from the planner, a title card first and an end card last.
struct ScriptBuilder {
    /// Speech takes about this long a word, in milliseconds: the natural voice says 187 to 220 words a minute.
    static let wordMs = 320
    /// A card without words spoken: long enough to read it twice.
    static let silentTitleMs = 3_000
    static let silentEndMs = 3_400
    /// Breath before and after a scene's words, in milliseconds (``FilmLayout``).
    static let breathMs = 1_050

    let request: ScriptRequest
    let media: [MediaItem]

    /// The script.
    func script(_ draft: ScriptDraft) -> Script {
        let title = String(draft.title.prefix(120))
        let frame = FilmFrame(draft.scenes, title: title)
        let durations = scaled(frame.body.map { Self.duration($0.narration) }, frame)
        let needs = frame.body.enumerated().map { index, scene in
            VisualPlanner.Need(
                words: scene.narration + " " + (scene.visualPrompt ?? ""), caption: Self.caption(scene.narration),
                durationMs: durations[index])
        }
        let visuals = VisualPlanner(media).visuals(needs)
        // The cards stand before a blurred picture of the film's own.
        let first = visuals.first { $0.assetId != nil }?.assetId
        let last = visuals.last { $0.assetId != nil }?.assetId
        var scenes = [
            Script.Scene(
                id: "title", narration: frame.opening ?? "", durationMs: Self.titleMs(frame),
                visual: Visual(kind: .card, assetId: first, text: title, style: .title))
        ]
        for (index, scene) in frame.body.enumerated() {
            scenes.append(
                Script.Scene(
                    id: "s\(index + 1)", narration: scene.narration, durationMs: durations[index],
                    visual: visuals[index], visualPrompt: scene.visualPrompt))
        }
        if frame.closing == nil, frame.body.count > 1, let words = visuals.last, words.kind == .card {
            // The last words stand on the end card themselves: no two cards one after the other.
            scenes[scenes.count - 1].visual = Visual(
                kind: .card, assetId: last, text: words.text, subtitle: title, style: .end)
            scenes[scenes.count - 1].durationMs += Self.silentEndMs
        } else {
            scenes.append(
                Script.Scene(
                    id: "end", narration: frame.closing ?? "", durationMs: Self.endMs(frame),
                    visual: Visual(
                        kind: .card, assetId: last, text: frame.closing.map(Self.cardText) ?? title,
                        subtitle: frame.closing == nil ? nil : title, style: .end)))
        }
        return Script(
            title: title, language: request.language, musicMood: draft.musicMood,
            durationMs: scenes.reduce(0) { $0 + $1.durationMs }, scenes: scenes)
    }

    private static func titleMs(_ frame: FilmFrame) -> Int {
        frame.opening.map { max(silentTitleMs, duration($0) + 1_000) } ?? silentTitleMs
    }

    private static func endMs(_ frame: FilmFrame) -> Int {
        frame.closing.map { duration($0) + 2_000 } ?? silentEndMs
    }

    /// A sentence as a card shows it: without its full stop.
    private static func cardText(_ sentence: String) -> String {
        sentence.hasSuffix(".") && !sentence.hasSuffix("..") ? String(sentence.dropLast()) : sentence
    }

    /// How long a narration takes with its breath, in milliseconds.
    static func duration(_ narration: String) -> Int {
        let words = narration.split(whereSeparator: \.isWhitespace)
        // Scripts without spaces: about three characters a word.
        let count = words.reduce(0) { $0 + max(1, $1.count > 18 ? $1.count / 3 : 1) }
        return max(2_600, count * wordMs + breathMs)
    }

    /// Stretches the scenes to the length wished for; speech cannot be cut, so a film is never made shorter than its
    /// words, and no scene more than twice as long.
    private func scaled(_ natural: [Int], _ frame: FilmFrame) -> [Int] {
        let cards = Self.titleMs(frame) + Self.endMs(frame)
        let total = natural.reduce(0, +)
        guard let wished = request.durationSeconds, total > 0 else { return natural }
        let factor = min(2, max(1, (wished * 1000 - Double(cards)) / Double(total)))
        return natural.map { Int(Double($0) * factor) }
    }

    /// The words of a card: the narration where it is short, else its first clause.
    static func caption(_ narration: String) -> String {
        if narration.count <= 90 { return narration }
        let clause = narration.prefix { !",;:–—.!?".contains($0) }
        if (12...90).contains(clause.count) { return String(clause) }
        let words = narration.prefix(84).split(separator: " ").dropLast().joined(separator: " ")
        return words.isEmpty ? String(narration.prefix(84)) : words + "…"
    }
}
