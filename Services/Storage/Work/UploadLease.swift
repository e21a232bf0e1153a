import FoundationEssentials
import HTTP

/// One writer for each upload over all replicas, on top of the one of this process.
///
/// The holder says every second that it goes on. A request that waits at another replica asks for the upload; the holder
/// gives it up once nothing has come for a moment, as within a process. One whose replica died loses it by time.
struct UploadLease: Sendable {
    let leases: LeaseStore
    private let locks = UploadLocks()

    init(leases: LeaseStore) { self.leases = leases }

    func withLease<T: Sendable>(
        _ id: UUID, patience: Duration, silence: Duration = .milliseconds(400),
        _ body: @escaping @Sendable (Turn) async throws -> T
    ) async throws -> T {
        try await locks.withLock(id, patience: patience) { progress in
            let end = ContinuousClock.now + patience
            while true {
                // Who waits here for another replica is not silent for those who wait behind.
                progress()
                switch try await leases.take(id) {
                case .taken(let epoch): return try await hold(id, epoch, silence, progress, body)
                case .closed: return try await body(Turn(epoch: -1, progress: progress))
                case .held:
                    guard ContinuousClock.now < end else { throw UploadLocks.locked }
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    private func hold<T: Sendable>(
        _ id: UUID, _ epoch: Int64, _ silence: Duration, _ progress: @escaping @Sendable () -> Void,
        _ body: @escaping @Sendable (Turn) async throws -> T
    ) async throws -> T {
        let gate = WriterGate()
        let keeper = Task { await keep(id, epoch, silence, gate) }
        let turn = Turn(epoch: epoch) {
            gate.progress()
            progress()
        }
        let result: Result<T, any Error>
        do { result = .success(try await gate.run { try await body(turn) }) } catch { result = .failure(error) }
        keeper.cancel()
        // Also where this task was cancelled. Where it fails, time ends the lease.
        await Task.detached { try? await leases.release(id, epoch: epoch) }.value
        return try result.get()
    }

    /// Renews the lease until it is lost or no longer needed.
    private func keep(_ id: UUID, _ epoch: Int64, _ silence: Duration, _ gate: WriterGate) async {
        var renewed = ContinuousClock.now
        while (try? await Task.sleep(for: leases.lifetime / 8)) != nil {
            let now = ContinuousClock.now
            do {
                guard let isWanted = try await leases.renew(id, epoch: epoch) else { return gate.stop() }
                renewed = now
                if isWanted, gate.isSilent(for: silence) { gate.stop() }
            } catch {
                if ContinuousClock.now - renewed > leases.lifetime { return gate.stop() }
            }
        }
    }
}
