import Speech

/// A film's beginning and end: a first sentence that is the title is spoken over the title card, a short last sentence
/// over the end card, which shows it.
struct FilmFrame {
    /// Spoken over the title card.
    private(set) var opening: String?
    /// Spoken over the end card.
    private(set) var closing: String?
    /// The scenes in between.
    private(set) var body: [ScriptDraft.Scene]

    init(_ scenes: [ScriptDraft.Scene], title: String) {
        body = scenes
        takeOpening(title)
        takeClosing()
    }

    private mutating func takeOpening(_ title: String) {
        guard let scene = body.first, body.count > 1 || Sentences.split(scene.narration).count > 1,
            let sentence = Sentences.split(scene.narration).first, Self.words(sentence) == Self.words(title)
        else { return }
        opening = sentence
        body[0].narration = Sentences.split(scene.narration).dropFirst().joined(separator: " ")
        if body[0].narration.isEmpty { body.removeFirst() }
    }

    private mutating func takeClosing() {
        // A film needs pictures between its cards.
        guard body.count > 2, let scene = body.last, let sentence = Sentences.split(scene.narration).last,
            sentence.count <= 60, (2...9).contains(Self.words(sentence).count)
        else { return }
        closing = sentence
        body[body.count - 1].narration = Sentences.split(scene.narration).dropLast().joined(separator: " ")
        if body[body.count - 1].narration.isEmpty { body.removeLast() }
    }

    private static func words(_ text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }
}
