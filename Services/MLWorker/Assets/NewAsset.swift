import FoundationEssentials
import Primitives

/// A file that an agent made.
struct NewAsset: Sendable {
    /// What storage calls it.
    enum Kind: String, Codable, Sendable { case audio, text, image, video, other }

    let id: UUID
    let task: AgentTask
    let filename: String
    let contentType: String
    let kind: Kind
    let data: Data
    /// Who made it.
    let provider: String
    /// From which words.
    let prompt: String?
    let metadata: JSONValue
}

extension JSONValue {
    /// Metadata that remember what the agent answered, so that a second try answers the same.
    static func made(_ output: some Encodable, durationMs: Int) throws -> JSONValue {
        ["durationMs": .int(Int64(durationMs)), "agentOutput": try JSONValue(encoding: output)]
    }
}
