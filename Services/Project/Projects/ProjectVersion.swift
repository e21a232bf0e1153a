import FoundationEssentials
import Postgres
import Primitives

/// One version of a project, as the API shows it.
struct ProjectVersion: Encodable, Sendable {
    let version: Int
    let authorId: String
    let title: String
    let description: String
    let type: String
    let status: String
    let createdAt: Date

    init(_ row: PostgresRow) throws {
        let author: UUID
        (version, author, title, description, type, status, createdAt) = try row.decode(
            (Int, UUID, String, String, String, String, Date).self)
        authorId = author.text
    }
}
