public import Lifecycle
internal import Synchronization

/// Lets the admin routes, which are a part of the group, ask in which phase the group is.
public final class PhaseBox: Sendable {
    private let group = Mutex<ServiceGroup?>(nil)

    /// Of no group yet.
    public init() {}

    /// The group's phase; starting, as long as there is no group.
    public var value: ServiceGroup.Phase { group.withLock { $0?.phase ?? .starting } }

    /// From now on the phase is this group's.
    public func follow(_ group: ServiceGroup) { self.group.withLock { $0 = group } }
}
