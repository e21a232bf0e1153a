import FoundationEssentials
import Postgres
import Primitives

/// A project, as it is stored.
struct Project: Sendable {
    let id: UUID
    let workspaceID: UUID
    let ownerID: UUID
    var title: String
    var description: String
    var type: String
    var status: ProjectStatus
    var version: Int
    let createdAt: Date
    var updatedAt: Date

    static let columns: PostgresQuery =
        "id, workspace_id, owner_id, title, description, type, status, version, created_at, updated_at"

    init(_ row: PostgresRow) throws {
        (id, workspaceID, ownerID, title, description, type, status, version, createdAt, updatedAt) = try row.decode(
            (UUID, UUID, UUID, String, String, String, ProjectStatus, Int, Date, Date).self)
    }
}

/// A project as the API shows it.
struct ProjectView: Encodable, Sendable {
    let id: String
    let workspaceId: String
    let ownerId: String
    let title: String
    let description: String
    let type: String
    let status: String
    let version: Int
    let createdAt: Date
    let updatedAt: Date

    init(_ project: Project) {
        id = project.id.text
        workspaceId = project.workspaceID.text
        ownerId = project.ownerID.text
        title = project.title
        description = project.description
        type = project.type
        status = project.status.rawValue
        version = project.version
        createdAt = project.createdAt
        updatedAt = project.updatedAt
    }
}
