/// Breaks captions into lines: balanced, the break where a reader would breathe.
public struct LineBreaker: Sendable {
    /// Widest line, in columns; a Latin letter has one column, a Chinese, Japanese or Korean one has two.
    public let columns: Int
    /// Lines at most; what does not fit makes the lines longer, never more.
    public let lines: Int

    /// The field's rule of thumb is 42 columns and two lines (BBC and Netflix guidelines).
    public init(columns: Int = 42, lines: Int = 2) {
        self.columns = max(8, columns)
        self.lines = max(1, lines)
    }

    /// How many columns a text needs on one line.
    public static func width(_ text: some StringProtocol) -> Int {
        text.reduce(0) { sum, character in
            let value = character.unicodeScalars.first?.value ?? 0
            let isWide =
                (0x1100...0x115F).contains(value) || (0x2E80...0xA4CF).contains(value)
                || (0xAC00...0xD7A3).contains(value) || (0xF900...0xFAFF).contains(value)
                || (0xFF00...0xFF60).contains(value) || (0x1F300...0x1FAFF).contains(value)
            return sum + (isWide ? 2 : 1)
        }
    }

    /// Whether a text fits without lines that are too long.
    public func fits(_ text: String) -> Bool { self.break(text).allSatisfy { Self.width($0) <= columns } }

    /// The lines of a text, at most ``lines``; white space is folded.
    public func `break`(_ text: String) -> [String] {
        let words = Self.words(text)
        guard !words.isEmpty else { return [] }
        let whole = Self.join(words[...])
        if lines == 1 || Self.width(whole) <= columns || words.count == 1 { return [whole] }
        if lines == 2 {
            let best = (1..<words.count).min { cost(words, at: $0) < cost(words, at: $1) } ?? 1
            return [Self.join(words[..<best]), Self.join(words[best...])]
        }
        return greedy(words)
    }

    /// Cuts a text into pieces that each fit, at the end of a clause where there is one.
    public func pieces(_ text: String) -> [String] {
        var rest = Self.words(text)[...]
        var pieces: [String] = []
        while !rest.isEmpty {
            var count = rest.count
            while count > 1, !fits(Self.join(rest.prefix(count))) { count -= 1 }
            if count < rest.count {
                // A clause's end in the last two thirds reads better than a full caption.
                let clause = (max(1, count / 3)...count).last { Self.endsClause(rest[rest.startIndex + $0 - 1]) }
                // And no last piece of one word.
                count = clause ?? (rest.count - count == 1 && count > 2 ? count - 1 : count)
            }
            pieces.append(Self.join(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }

    /// Unequal lines cost, a line that is too long costs most, and a break after a comma or before a small word is
    /// better than one after it.
    private func cost(_ words: [String], at index: Int) -> Int {
        let first = Self.width(Self.join(words[..<index]))
        let second = Self.width(Self.join(words[index...]))
        var cost = abs(first - second) + max(0, max(first, second) - columns) * 100
        let before = words[index - 1]
        if Self.endsClause(before) { cost -= 12 }
        if Self.leading.contains(before.lowercased()) { cost += 10 }
        // A word alone on its line is a stumble.
        if index == 1 || index == words.count - 1 { cost += 8 }
        if Self.leading.contains(words[index].lowercased()) { cost -= 4 }
        return cost
    }

    private func greedy(_ words: [String]) -> [String] {
        var result: [[String]] = [[]]
        for word in words {
            let line = result[result.count - 1] + [word]
            if Self.width(Self.join(line[...])) <= columns || line.count == 1 || result.count == lines {
                result[result.count - 1] = line
            } else {
                result.append([word])
            }
        }
        return result.map { Self.join($0[...]) }
    }

    /// Words of a text; where it has no spaces (Chinese, Japanese), each wide character is one.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var glue = false
        for word in text.split(whereSeparator: \.isWhitespace) {
            glue = false
            for character in word {
                let isWide = width(String(character)) == 2
                let attaches = "、。，．！？」』）".contains(character)
                if glue, !words.isEmpty, !isWide || attaches {
                    words[words.count - 1].append(character)
                } else {
                    words.append(String(character))
                }
                glue = !isWide || attaches
                if isWide, !attaches { glue = false }
            }
            glue = false
        }
        return words
    }

    private static func join(_ words: ArraySlice<String>) -> String {
        var text = ""
        for word in words {
            let isWide = { (character: Character?) in character.map { width(String($0)) == 2 } ?? false }
            if !text.isEmpty, !(isWide(text.last) && isWide(word.first)) { text += " " }
            text += word
        }
        return text
    }

    private static func endsClause(_ word: String) -> Bool {
        word.last.map { ",;:.!?…—、。".contains($0) } ?? false
    }

    /// Words that belong to what follows.
    private static let leading: Set<String> = [
        "a", "an", "the", "of", "to", "in", "on", "at", "by", "for", "from", "with", "and", "or", "but", "that", "as",
        "der", "die", "das", "ein", "eine", "und", "oder", "mit", "von", "zu", "le", "la", "les", "un", "une", "de",
        "des", "du", "et", "ou", "el", "los", "las", "y", "o", "con",
    ]
}
