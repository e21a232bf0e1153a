import FoundationEssentials
import HTTP
import Primitives
import Synchronization

/// One writer for each upload. A client that comes back before its broken connection was noticed takes the lock over: the
/// one who holds it is asked to stop, once nothing has come for a moment. Before that it is waited for, so that bytes
/// which are still on their way are not lost.
final class UploadLocks: Sendable {
    private struct Holder {
        let token: UInt64
        let gate: WriterGate
    }

    private struct State {
        var next: UInt64 = 0
        var holders: [UUID: Holder] = [:]
    }

    private let state = Mutex(State())

    /// What a client is told that came while somebody else writes.
    static let locked = Problem(
        .locked, code: "upload_locked", detail: "Another request writes this upload.", headers: ["Retry-After": "1"])

    /// Runs `body` alone for this upload, within this process. `body` is given what to call whenever something came.
    /// - Parameters:
    ///   - patience: how long to wait for the lock.
    ///   - silence: how long the one who holds the lock may be without progress before it is asked to stop.
    /// - Throws: ``Problem`` 423 where it does not; what `body` throws.
    func withLock<T: Sendable>(
        _ id: UUID, patience: Duration = .seconds(10), silence: Duration = .milliseconds(400),
        _ body: @escaping @Sendable (_ progress: @escaping @Sendable () -> Void) async throws -> T
    ) async throws -> T {
        let end = ContinuousClock.now + patience
        while true {
            let work = WriterGate()
            let (token, holder) = state.withLock { state -> (UInt64?, Holder?) in
                if let holder = state.holders[id] { return (nil, holder) }
                state.next += 1
                state.holders[id] = Holder(token: state.next, gate: work)
                return (state.next, nil)
            }
            guard let token else {
                if let gate = holder?.gate, gate.isSilent(for: silence) { gate.stop() }
                guard ContinuousClock.now < end else { throw Self.locked }
                try await Task.sleep(for: .milliseconds(10))
                continue
            }
            defer { state.withLock { if $0.holders[id]?.token == token { $0.holders[id] = nil } } }
            return try await work.run { try await body { work.progress() } }
        }
    }
}
