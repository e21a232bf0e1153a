import Film

/// A film on paper (AGT-008): what is said and shown, scene after scene.
struct Script: Codable, Sendable, Hashable {
    /// One scene.
    struct Scene: Codable, Sendable, Hashable {
        var id: String
        /// What is said; empty where nobody speaks.
        var narration: String
        /// How long it is likely to last, in milliseconds; the voice decides later.
        var durationMs: Int
        var visual: Visual
        /// What the picture should show, in words, where a text provider said so.
        var visualPrompt: String?
    }

    var title: String
    var language: String
    /// Words such as `calm`.
    var musicMood: String
    /// The sum of the scenes, in milliseconds.
    var durationMs: Int
    var scenes: [Scene]
    /// Who wrote it, as in `embedded` or `openai/gpt-4o-mini`.
    var provider: String?
}
