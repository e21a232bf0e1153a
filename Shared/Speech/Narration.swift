/// A text prepared for speaking: sentences, each of clauses that end in a mark.
public struct Narration: Sendable, Hashable {
    /// Words up to a pause.
    public struct Clause: Sendable, Hashable {
        /// As written, for captions.
        public var text: String
        /// As given to an engine: without what is not spoken.
        public var spoken: String
        /// The mark that ends it, one of `, ; : . ? !`: it decides about melody and pause.
        public var mark: Character
    }

    /// Longest text, in characters: about ten minutes.
    public static let maximumCharacters = 10_000
    /// Most words of a clause; a longer one is cut.
    static let maximumWords = 30

    /// Sentences in order, none without a clause.
    public let sentences: [[Clause]]

    /// Prepares a text.
    /// - Throws: ``SpeechError`` with `textTooLong` or `nothingToSay`.
    public init(_ text: String) throws(SpeechError) {
        guard text.count <= Self.maximumCharacters else {
            throw SpeechError(.textTooLong, "more than \(Self.maximumCharacters) characters")
        }
        sentences = Sentences.split(text).map(Self.clauses).filter { !$0.isEmpty }
        if sentences.isEmpty { throw SpeechError(.nothingToSay, "the text has no letter and no digit") }
    }

    private static func clauses(_ sentence: String) -> [Clause] {
        var clauses: [Clause] = []
        var words: [Substring] = []
        func close(_ mark: Character) {
            let text = words.joined(separator: " ")
            words = []
            let spoken = speakable(text)
            if spoken.contains(where: { $0.isLetter || $0.isNumber }) {
                clauses.append(Clause(text: text, spoken: spoken, mark: mark))
            } else if !clauses.isEmpty, !text.isEmpty {
                // What is not spoken (an emoji, a dash) is still read.
                clauses[clauses.count - 1].text += " " + text
                clauses[clauses.count - 1].mark = mark
            }
        }
        for word in sentence.split(separator: " ") {
            words.append(word)
            if let mark = mark(of: word) {
                close(mark)
            } else if words.count == maximumWords || (words.count > 1 && unspaced(word) > 40) {
                close(",")
            }
        }
        close(".")
        // The last clause ends as its sentence does.
        if let last = clauses.indices.last, !".?!".contains(clauses[last].mark) { clauses[last].mark = "." }
        return clauses
    }

    /// The pause that the end of a word asks for.
    private static func mark(of word: Substring) -> Character? {
        let bare = word.reversed().drop { closers.contains($0) }
        guard let last = bare.first else { return nil }
        switch last {
        case ",", "，", "、": return ","
        case ";", "；": return ";"
        case ":", "：": return ":"
        case "–", "—", "―": return ","
        case "?", "？", "؟": return "?"
        case "!", "！": return "!"
        case "…", "。": return "."
        default: return word == "-" ? "," : nil
        }
    }

    /// Without emoji, control characters and marks that an engine would take for orders of its own.
    static func speakable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            switch properties.generalCategory {
            case .control, .format, .privateUse, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator: continue
            case .otherSymbol, .modifierSymbol: result.append(" ")
            default:
                if properties.isEmojiPresentation || "[]{}<>|\\^_~*#\"“”„«»`".unicodeScalars.contains(scalar) {
                    result.append(" ")
                } else {
                    result.append(scalar)
                }
            }
        }
        return String(result).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Length of a word in a script without spaces (Chinese, Japanese, Thai), where words do not end at spaces.
    private static func unspaced(_ word: Substring) -> Int {
        word.unicodeScalars.count { $0.value > 0x0E00 && $0.properties.generalCategory == .otherLetter }
    }

    private static let closers: Set<Character> = ["\"", "'", "”", "’", ")", "]", "»"]
}
