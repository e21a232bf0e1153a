import Assets
import Film
import FoundationEssentials
import Jobs
import Primitives

/// Writes the film's subtitles as files (ML-008): SubRip and WebVTT.
struct SubtitlesAgent: Agent {
    static let kind = "subtitles"
    static let version = 1

    struct Input: Codable, Sendable {
        var cues: [Cue]
        var title: String?
        var language: String?
    }

    struct Output: Codable, Sendable, Hashable {
        var srtAssetId: String
        var vttAssetId: String
        var cueCount: Int
    }

    let assets: any AssetStore

    func run(_ input: Input, _ task: AgentTask) async throws -> Output {
        guard input.cues.count <= TimelineLimits.captions else {
            throw JobFailure("too_many_cues", "More than \(TimelineLimits.captions) captions.", retriable: false)
        }
        let key = "\(Self.kind)/\(Self.version)/\(try JSON.text(input.cues))"
        let files = [
            ("srt", "application/x-subrip", Subtitles.srt(input.cues)), ("vtt", "text/vtt", Subtitles.vtt(input.cues)),
        ]
        var ids: [UUID] = []
        for (ending, type, text) in files {
            let id = task.derivedID("\(key)/\(ending)")
            ids.append(id)
            // The same text each time: saving it again changes nothing.
            try await assets.create(
                NewAsset(
                    id: id, task: task, filename: "captions.\(ending)", contentType: type, kind: "text",
                    provider: "embedded", prompt: nil, metadata: ["language": .string(input.language ?? "en")]),
                of: Data(text.utf8))
        }
        return Output(srtAssetId: ids[0].text, vttAssetId: ids[1].text, cueCount: input.cues.count)
    }
}
