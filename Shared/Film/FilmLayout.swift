/// The rule that gives scenes their time: as long as their voice, with room to breathe, and a beginning and an end.
///
/// Subtitles and montage both use it, so that captions match the film to the millisecond.
public struct FilmLayout: Sendable {
    /// Silence before the first voice: the title has appeared by then.
    public var openingMs = 1_500
    /// Silence before every other voice: the transition is nearly over by then.
    public var leadMs = 500
    /// Silence after a voice.
    public var tailMs = 550
    /// Silence after the last voice: the music ends the film.
    public var closingMs = 2_600
    /// The shortest scene.
    public var minimumMs = 2_600
    /// How long pictures melt into one another.
    public var dissolveMs = 700
    /// How long the dark between a card and a picture takes.
    public var fadeMs = 900

    /// The look's own rhythm.
    public init() {}

    /// Lays the drafts out one after the other, without gaps.
    public func scenes(_ drafts: [SceneDraft]) -> [Scene] {
        var scenes: [Scene] = []
        for (index, draft) in drafts.enumerated() {
            let isLast = index == drafts.count - 1
            let lead = index == 0 && draft.visual.kind == .card ? openingMs : leadMs
            let voiceMs = draft.voiceAssetId == nil ? 0 : max(0, draft.voiceMs ?? 0)
            let spoken = voiceMs == 0 ? 0 : lead + voiceMs + (isLast ? closingMs : tailMs)
            let duration = max(spoken, draft.minimumMs ?? 0, minimumMs)
            scenes.append(
                Scene(
                    id: draft.id, startMs: scenes.last?.endMs ?? 0, durationMs: Self.round(duration),
                    visual: draft.visual,
                    voice: voiceMs == 0
                        ? nil : draft.voiceAssetId.map { Voice(assetId: $0, offsetMs: lead, durationMs: voiceMs) },
                    transition: scenes.last.map { transition($0.visual, draft.visual) }))
        }
        return scenes
    }

    /// Card to picture and back by the dark; pictures melt.
    private func transition(_ before: Visual, _ after: Visual) -> Transition {
        let changesWorld = (before.kind == .card) != (after.kind == .card)
        return changesWorld ? Transition(.fade, durationMs: fadeMs) : Transition(.dissolve, durationMs: dissolveMs)
    }

    /// Whole tenths of a second: whole frames at 30 fps, so that no scene begins between two frames.
    private static func round(_ milliseconds: Int) -> Int { (milliseconds + 99) / 100 * 100 }
}
