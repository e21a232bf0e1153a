import Postgres

/// Where a project stands (PRJ-002): its workflow leads it from stage to stage; people may take it out and back.
enum ProjectStatus: String, Codable, Sendable, CaseIterable, PostgresEncodable, PostgresDecodable {
    case draft, scripting, generating, rendering, published, failed, archived

    /// Who wants a change.
    enum Actor: Sendable { case person, workflow }

    /// The status to which a project comes back when no run leads it any more, for one that is such a status.
    var rest: ProjectStatus? { self == .draft || self == .published ? self : nil }

    /// The stages of a run: none of them lasts longer than it does.
    static let stages: [ProjectStatus] = [.scripting, .generating, .rendering]

    /// Whether the project may become `next`.
    ///
    /// A workflow may enter at any stage, for a step with a known result is skipped and a failed run goes on where it
    /// failed; only an archived project is left alone. Where its run is over, ``ProjectStore/rest(_:after:from:in:)`` takes
    /// it out of the stages. A person moves by single stages.
    func canBecome(_ next: ProjectStatus, by actor: Actor) -> Bool {
        if next == self { return true }
        switch actor {
        case .workflow: return self != .archived && next != .draft && next != .archived
        case .person: return successors.contains(next)
        }
    }

    private var successors: Set<ProjectStatus> {
        switch self {
        case .draft: [.scripting, .archived]
        case .scripting: [.generating, .failed, .draft, .archived]
        case .generating: [.rendering, .failed, .draft, .archived]
        case .rendering: [.published, .failed, .draft, .archived]
        case .published: [.draft, .archived]
        case .failed: [.draft, .scripting, .generating, .rendering, .archived]
        case .archived: [.draft]
        }
    }
}
