/// What a piece of music should feel like.
public enum Mood: String, Codable, Sendable, CaseIterable {
    /// Each has tempos, harmonies and instruments of its own; see `Style`.
    case calm, warm, upbeat, corporate, cinematic

    /// The mood that words such as "upbeat, corporate" or "relaxing piano" ask for; the first that is recognised, else
    /// ``warm``.
    public init(words: String) {
        let text = words.lowercased().split { !$0.isLetter }.map(String.init)
        self = text.lazy.compactMap { Self.synonyms[$0] }.first ?? .warm
    }

    private static let synonyms: [String: Mood] = {
        let lists: [Mood: String] = [
            .calm:
                "calm quiet peaceful relaxing relaxed soft ambient gentle serene meditative sleepy dreamy slow tender",
            .warm: "warm friendly cosy cozy acoustic folk hopeful romantic nostalgic heartfelt family homely neutral",
            .upbeat: "upbeat happy joyful fun energetic lively cheerful playful bright summer pop dance fast",
            .corporate:
                "corporate business technology tech modern motivational inspiring inspirational startup product",
            .cinematic: "cinematic epic dramatic dark serious sad emotional orchestral mysterious tense suspense film",
        ]
        return Dictionary(lists.flatMap { mood, words in words.split(separator: " ").map { (String($0), mood) } }) {
            first, _ in first
        }
    }()
}
