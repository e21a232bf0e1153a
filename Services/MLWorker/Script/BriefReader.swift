import Music
import Speech

/// Reads a script out of a brief, without a language model: every sentence is spoken as it stands, nothing is invented.
struct BriefReader {
    /// The script's words.
    static func draft(_ brief: String) -> ScriptDraft {
        let (title, body) = heading(brief)
        let sentences = Sentences.split(body).filter { $0.contains { $0.isLetter || $0.isNumber } }
        let narrations = grouped(sentences.flatMap(cut))
        return ScriptDraft(
            title: title ?? self.title(of: sentences.first ?? brief), musicMood: mood(brief).rawValue,
            scenes: narrations.map { ScriptDraft.Scene(narration: $0) })
    }

    /// A first line that is a title: short, without a full stop, followed by more, or marked `Title:`.
    static func heading(_ brief: String) -> (title: String?, body: String) {
        let trimmed = brief.drop { $0.isWhitespace }
        guard let end = trimmed.firstIndex(where: \.isNewline) else { return (nil, brief) }
        var line = trimmed[..<end].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let rest = String(trimmed[end...])
        guard rest.contains(where: \.isLetter) else { return (nil, brief) }
        var isMarked = false
        while line.hasPrefix("#") { (line, isMarked) = (String(line.dropFirst()), true) }
        if line.lowercased().hasPrefix("title:") { (line, isMarked) = (String(line.dropFirst(6)), true) }
        line = line.split(separator: " ").joined(separator: " ")
        let isShort = (1...60).contains(line.count) && line.split(separator: " ").count <= 9
        let endsSentence = line.last.map { ".!?…:,;".contains($0) } ?? true
        return isShort && (isMarked || !endsSentence) && line.contains(where: \.isLetter) ? (line, rest) : (nil, brief)
    }

    /// The first words of a sentence, up to where they could stand alone.
    static func title(of sentence: String) -> String {
        let all = sentence.split(whereSeparator: \.isWhitespace).map(String.init)
        var words: [String] = []
        for word in all {
            if words.joined(separator: " ").count + word.count > 38 || words.count == 6 { break }
            words.append(word)
            // A clause of three words or more is a title.
            if words.count >= 3, let last = word.last, ",;:–—".contains(last) { break }
        }
        // Cut where a new thought begins ("Some mornings begin | before the world is awake"), else not after a word that
        // leads on.
        let isClause = words.last?.last.map { ",;:–—".contains($0) } ?? false
        if words.count < all.count, !isClause {
            let cut = (min(3, words.count)...words.count).last { count in
                opening.contains(bare(all[count]).lowercased()) && !leads(all[count - 1])
            }
            words = Array(words.prefix(cut ?? words.count))
            while words.count > 2, let last = words.last, leads(last) { words.removeLast() }
        }
        var title = words.joined(separator: " ")
        while let last = title.last, ".,;:!…–—-\"”'".contains(last) || last.isWhitespace { title.removeLast() }
        if title.isEmpty { title = String((all.first ?? sentence).prefix(38)) }
        return title.prefix(1).uppercased() + title.dropFirst()
    }

    /// The mood that most words of the brief speak of.
    static func mood(_ brief: String) -> Mood {
        let words = brief.lowercased().split { !$0.isLetter }.map(String.init)
        let counts = Mood.allCases.map { mood in (mood, words.count { lexicon[mood]?.contains($0) ?? false }) }
        guard let best = counts.max(by: { $0.1 < $1.1 }), best.1 > 0 else { return .warm }
        return best.0
    }

    /// Cuts a sentence that is too long to be spoken over one picture, at a comma near its middle.
    private static func cut(_ sentence: String) -> [String] {
        let words = sentence.split(separator: " ").map(String.init)
        guard words.count > 34 else { return [sentence] }
        let middle = words.count / 2
        let places = (10..<words.count - 8).filter { words[$0].last.map { ",;:–—".contains($0) } ?? false }
        let place = places.min { abs($0 - middle) < abs($1 - middle) } ?? min(middle, 33)
        let first = words[...place].joined(separator: " ")
        return [first] + cut(words[(place + 1)...].joined(separator: " "))
    }

    /// Puts very short sentences together, and so many in one scene that a long brief still fits.
    private static func grouped(_ sentences: [String]) -> [String] {
        let target = max(5, sentences.reduce(0) { $0 + words($1) } / ScriptRequest.maximumScenes + 12)
        var scenes: [String] = []
        for sentence in sentences {
            let isBrief = scenes.last.map { words($0) < 5 || words(sentence) < 4 } ?? false
            let isCrowded = sentences.count > ScriptRequest.maximumScenes / 2
            if let last = scenes.last, isBrief || isCrowded, words(last) + words(sentence) <= max(22, target) {
                scenes[scenes.count - 1] = last + " " + sentence
            } else {
                scenes.append(sentence)
            }
        }
        // Whatever the brief: never more scenes than a film can have.
        while scenes.count > ScriptRequest.maximumScenes {
            scenes = stride(from: 0, to: scenes.count, by: 2).map {
                scenes[$0] + ($0 + 1 < scenes.count ? " " + scenes[$0 + 1] : "")
            }
        }
        return scenes
    }

    private static func words(_ text: String) -> Int { text.split(separator: " ").count }

    private static func bare(_ word: String) -> String { word.filter { $0.isLetter || $0.isNumber } }

    private static func leads(_ word: String) -> Bool {
        let word = bare(word).lowercased()
        return opening.contains(word) || leading.contains(word)
    }

    /// Words that begin another thought.
    private static let opening: Set<String> = [
        "of", "to", "in", "on", "at", "by", "for", "from", "with", "and", "or", "but", "that", "as", "before", "after",
        "into", "over", "under", "when", "while", "if", "so", "than", "then", "because", "where", "who", "which",
        "und", "oder", "mit", "von", "zu", "im", "am", "auf", "wenn", "dass", "weil", "et", "ou", "en", "dans", "avec",
        "pour", "quand", "y", "con", "por", "para", "cuando",
    ]

    /// Words that no title ends with.
    private static let leading: Set<String> = [
        "a", "an", "the", "is", "are", "was", "its", "their", "our", "your", "my", "his", "her", "this", "these", "it",
        "we", "they", "be", "has", "have", "der", "die", "das", "ein", "eine", "le", "la", "les", "un", "une", "de",
        "des", "du", "el", "los", "las",
    ]

    private static let lexicon: [Mood: Set<String>] = {
        let lists: [Mood: String] = [
            .calm: """
            morning quiet calm slow slowly gentle soft still silence peace peaceful brook cloud clouds meadow lake \
            night sleep dawn evening rest tea breath rain snow forest sea drift
            """,
            .warm: """
            home family friend friends love coffee bread kitchen together hands garden autumn village memory warm \
            story children grandmother handmade
            """,
            .upbeat:
                "summer party dance run fun play sport holiday festival music colour colours color jump happy joy city",
            .corporate: """
            product company business team customers customer software platform data launch market growth service \
            efficient solution technology startup
            """,
            .cinematic: """
            mountain mountains storm war battle space history hero journey night danger dark death kingdom ocean \
            expedition secret
            """,
        ]
        return lists.mapValues { Set($0.split(separator: " ").map(String.init)) }
    }()
}
