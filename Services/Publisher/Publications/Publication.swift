import FoundationEssentials
import Primitives

/// One asset to one or more accounts, as the API shows it.
struct Publication: Sendable, Equatable {
    let id: UUID
    let assetId: UUID
    let projectId: UUID?
    let runId: UUID?
    let caption: String
    let status: PublicationStatus
    let publishAt: Date
    let createdAt: Date
    let updatedAt: Date
    var targets: [PublicationTarget]
}

extension Publication: Encodable {
    private enum CodingKeys: String, CodingKey {
        case id, assetId, projectId, runId, caption, status, publishAt, createdAt, updatedAt, targets
    }

    // By hand because identifiers are lower case in JSON, which UUID's own coding is not.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id.text, forKey: .id)
        try container.encode(assetId.text, forKey: .assetId)
        try container.encodeIfPresent(projectId?.text, forKey: .projectId)
        try container.encodeIfPresent(runId?.text, forKey: .runId)
        try container.encode(caption, forKey: .caption)
        try container.encode(status, forKey: .status)
        try container.encode(publishAt, forKey: .publishAt)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
        try container.encode(targets, forKey: .targets)
    }
}
