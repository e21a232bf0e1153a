/// A scene before its time is known: what it shows and what is said.
public struct SceneDraft: Codable, Sendable, Hashable {
    /// Unique within the film.
    public var id: String
    /// What is seen.
    public var visual: Visual
    /// The recording of the narration, where there is one.
    public var voiceAssetId: String?
    /// Its length, in milliseconds.
    public var voiceMs: Int?
    /// The least that the scene lasts, in milliseconds.
    public var minimumMs: Int?

    /// A draft without a voice lasts the least time: its own, or the layout's where that is longer.
    public init(
        id: String, visual: Visual, voiceAssetId: String? = nil, voiceMs: Int? = nil, minimumMs: Int? = nil
    ) {
        self.id = id
        self.visual = visual
        self.voiceAssetId = voiceAssetId
        self.voiceMs = voiceMs
        self.minimumMs = minimumMs
    }
}
