internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// Faults that are switched on to see whether the tests notice. Never in production.
public struct DeliveryFaults: Sendable {
    /// Events that were handled are handled again.
    public var inboxOff: Bool
    /// Events are published before the change that they tell of is certain.
    public var publishBeforeCommit: Bool

    /// No faults: the only choice in production.
    public static let none = DeliveryFaults(inboxOff: false, publishBeforeCommit: false)

    /// The faults that are switched on.
    public init(inboxOff: Bool, publishBeforeCommit: Bool) {
        self.inboxOff = inboxOff
        self.publishBeforeCommit = publishBeforeCommit
    }
}

/// A place at which a test lets the process die, as `kill -9` would: `FAILPOINT=name` at the first visit, `name:20` at
/// the twentieth. Without the variable it costs a comparison.
public enum Failpoint {
    private static let plan: (name: String, visit: Int)? = {
        guard let text = ProcessInfo.processInfo.environment["FAILPOINT"], !text.isEmpty else { return nil }
        let parts = text.split(separator: ":", maxSplits: 1)
        return (String(parts[0]), parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
    }()
    private static let visits = Atomic(0)

    /// Marks a place.
    public static func hit(_ name: StaticString) {
        guard let plan, plan.name == name.description else { return }
        if visits.add(1, ordering: .relaxed).newValue == plan.visit { kill(getpid(), SIGKILL) }
    }
}
