internal import FoundationEssentials

/// Which workspaces a runner served of late, so that equals take turns.
struct Turns {
    private static let limit = 500
    /// The workspaces, the one served last at the end.
    private(set) var served: [UUID] = []

    mutating func note(_ workspace: UUID) {
        if let index = served.firstIndex(of: workspace) { served.remove(at: index) }
        served.append(workspace)
        if served.count > Self.limit { served.removeFirst(served.count - Self.limit) }
    }
}
