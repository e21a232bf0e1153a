/// Splits text into sentences: at `.`, `!`, `?`, `…`, `。` and at empty lines, not after abbreviations, initials and
/// within numbers.
public enum Sentences {
    /// The sentences in order, white space folded; none is empty.
    public static func split(_ text: String) -> [String] {
        var sentences: [String] = []
        var current: [Character] = []
        let characters = Array(text)
        func close() {
            let folded = String(current).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if !folded.isEmpty { sentences.append(folded) }
            current = []
        }
        var index = 0
        while index < characters.count {
            let character = characters[index]
            if character.isNewline {
                // An empty line ends a sentence; a single newline is white space.
                let rest = characters[(index + 1)...].prefix { $0.isWhitespace }
                if rest.contains(where: \.isNewline) { close() } else { current.append(" ") }
                index += 1
                continue
            }
            current.append(character)
            index += 1
            guard terminators.contains(character) else { continue }
            while index < characters.count,
                terminators.contains(characters[index]) || closers.contains(characters[index])
            {
                current.append(characters[index])
                index += 1
            }
            let next = index < characters.count ? characters[index] : nil
            if wideTerminators.contains(character) || next.map({ $0.isWhitespace }) ?? true,
                !(character == "." && continues(current, characters[index...]))
            {
                close()
            }
        }
        close()
        return sentences
    }

    /// Whether a full stop belongs to its word and the sentence goes on.
    private static func continues(_ current: [Character], _ rest: ArraySlice<Character>) -> Bool {
        guard let next = rest.first(where: { !$0.isWhitespace }) else { return false }
        if next.isLowercase { return true }
        let word = String(current.reversed().dropFirst().prefix { !$0.isWhitespace && $0 != "(" }.reversed())
        let isInitial = word.count == 1 && word.first?.isUppercase == true && word != "I"
        return isInitial || abbreviations.contains(word.lowercased())
    }

    private static let terminators: Set<Character> = [".", "!", "?", "…", "。", "！", "？", "।", "؟"]
    private static let wideTerminators: Set<Character> = ["。", "！", "？"]
    private static let closers: Set<Character> = ["\"", "'", "”", "’", ")", "]", "»", "」", "』", "）"]
    private static let abbreviations: Set<String> = [
        "mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "etc", "e.g", "i.e", "no", "nr", "vol", "fig", "ca",
        "approx", "bzw", "usw", "z.b", "d.h", "m", "mme", "mlle", "sra", "srta", "ing", "inc", "ltd", "co",
    ]
}
