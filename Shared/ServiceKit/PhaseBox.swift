internal import Lifecycle
internal import Synchronization

/// Lets the admin routes, which are a part of the group, ask in which phase the group is.
final class PhaseBox: Sendable {
    private let group = Mutex<ServiceGroup?>(nil)

    var value: ServiceGroup.Phase { group.withLock { $0?.phase ?? .starting } }

    func follow(_ group: ServiceGroup) { self.group.withLock { $0 = group } }
}
