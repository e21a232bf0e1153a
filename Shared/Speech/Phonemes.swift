/// Sounds of a clause, as written in the International Phonetic Alphabet.
enum Phonemes {
    /// How long sounds last relative to one another: marks of stress and joiners take no time, long vowels more.
    static func weight(_ sounds: some StringProtocol) -> Double {
        sounds.unicodeScalars.reduce(0) { sum, scalar in
            switch scalar {
            case "ˈ", "ˌ", "\u{200D}", "\u{0329}", "\u{0361}": sum
            case "ː": sum + 0.6
            case " ": sum + 0.3
            case "a"..."z" where "aeiouy".unicodeScalars.contains(scalar): sum + 1.2
            default: sum + 1
            }
        }
    }

    /// The words of a clause with the length of their sounds. Where a word has more or less than one group of sounds
    /// (`20` is two), the length of its letters decides.
    static func words(_ text: String, sounds: String) -> [(text: String, weight: Double)] {
        let words = text.split(separator: " ").map(String.init)
        let groups = sounds.split(separator: " ")
        guard words.count == groups.count else { return words.map { ($0, Double(max(1, $0.count))) } }
        return zip(words, groups).map { ($0, max(0.5, weight($1) + 0.3)) }
    }

    /// The sounds of a sentence as a model takes them: clauses with their marks, only symbols it knows.
    static func sentence(_ clauses: [(sounds: String, mark: Character)], symbols: Set<Unicode.Scalar>)
        -> [Unicode.Scalar]
    {
        let text = clauses.map { "\($0.sounds)\($0.mark)" }.joined(separator: " ")
        return text.unicodeScalars.filter { symbols.contains($0) }
    }
}
