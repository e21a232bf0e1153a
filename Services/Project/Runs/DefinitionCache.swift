import Synchronization

/// Definitions by their version's name, in memory: a version never changes, and every step of every run needs its own.
final class DefinitionCache: Sendable {
    private static let limit = 1000
    private let known = Mutex<[String: WorkflowDefinition]>([:])

    subscript(id: String) -> WorkflowDefinition? {
        get { known.withLock { $0[id] } }
        set {
            known.withLock { known in
                if known.count >= Self.limit { known.removeAll() }
                known[id] = newValue
            }
        }
    }
}
