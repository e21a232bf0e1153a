/// The words of a film, before its pictures are planned: what a text provider gives.
struct ScriptDraft: Codable, Sendable, Hashable {
    /// What is said in one scene, and what might be seen.
    struct Scene: Codable, Sendable, Hashable {
        var narration: String
        var visualPrompt: String?
    }

    var title: String
    var musicMood: String
    var scenes: [Scene]

    /// Everything that is wrong with it, in words that a provider can be told; empty where it can be used.
    var problems: [String] {
        var problems: [String] = []
        if !(1...120).contains(title.count) || title.allSatisfy(\.isWhitespace) {
            problems.append("title must have 1 to 120 characters")
        }
        if !(1...60).contains(musicMood.count) { problems.append("musicMood must have 1 to 60 characters") }
        if !(1...ScriptRequest.maximumScenes).contains(scenes.count) {
            problems.append("scenes must be 1 to \(ScriptRequest.maximumScenes)")
        }
        for (index, scene) in scenes.prefix(ScriptRequest.maximumScenes).enumerated() where problems.count < 10 {
            if !(1...1_200).contains(scene.narration.count) || !scene.narration.contains(where: \.isLetter) {
                problems.append("scenes[\(index)].narration must have 1 to 1200 characters with words")
            }
        }
        return problems
    }
}
