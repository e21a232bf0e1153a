import Film
import FoundationEssentials
import Jobs
import Primitives

/// Makes sure that what a scene shows can be shown: the asset is there, is what it is taken for, and has those seconds.
struct VisualAgent: Agent {
    static let kind = "visual"
    static let version = 1

    struct Input: Codable, Sendable {
        var sceneId: String
        var visual: Visual
        var title: String?
    }

    struct Output: Codable, Sendable, Hashable {
        var sceneId: String
        var visual: Visual
    }

    let assets: any AssetStore

    func run(_ input: Input, _ task: AgentTask) async throws -> Output {
        var visual = input.visual
        if visual.kind == .card {
            visual.text = visual.text ?? input.title
            // A backdrop is an ornament: where it is gone, the card stands without it.
            if let id = visual.assetId, try await media(id, task) == nil { visual.assetId = nil }
            return Output(sceneId: input.sceneId, visual: visual)
        }
        guard let id = visual.assetId, let item = try await media(id, task) else {
            throw JobFailure("asset_not_found", "A picture of scene \(input.sceneId) is not there.", retriable: false)
        }
        switch item.kind {
        case .photo: visual = .photo(item.id)
        case .clip:
            let end = item.shots.last?.endMs ?? 0
            let start = min(visual.startMs ?? 0, max(0, end - 1_000))
            visual = .clip(item.id, from: max(0, start), to: max(start + 400, min(visual.endMs ?? end, end)))
            visual.soundDb = input.visual.soundDb
        }
        return Output(sceneId: input.sceneId, visual: visual)
    }

    private func media(_ id: String, _ task: AgentTask) async throws -> MediaItem? {
        guard let id = UUID(uuidString: id) else { return nil }
        return try await assets.asset(id, workspaceID: task.workspaceID)?.mediaItem
    }
}
