import Assets
import FoundationEssentials
import Primitives

extension NewAsset {
    /// A file that an agent made.
    /// - Parameters:
    ///   - provider: who made it.
    ///   - prompt: from which words.
    init(
        id: UUID, task: AgentTask, filename: String, contentType: String, kind: String, provider: String,
        prompt: String?, metadata: JSONValue
    ) {
        self.init(
            id: id, workspaceId: task.workspaceID, ownerId: task.userID, projectId: task.projectID, filename: filename,
            contentType: contentType, kind: kind, origin: .generated, provider: provider,
            prompt: prompt.map { String($0.prefix(2_000)) }, metadata: metadata)
    }
}

extension JSONValue {
    /// Metadata that remember what the agent answered, so that a second try answers the same.
    static func made(_ output: some Encodable, durationMs: Int) throws -> JSONValue {
        ["durationMs": .int(Int64(durationMs)), "agentOutput": try JSONValue(encoding: output)]
    }
}
