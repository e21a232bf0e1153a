import FoundationEssentials
import Lifecycle
import Primitives
import Telemetry

/// Keeps the signing keys on schedule, and the ring up to date with what other replicas did.
final class KeyRotation: Service {
    let name = "key-rotation"
    private let store: KeyStore
    private let ring: KeyRing
    private let plan: KeyPlan
    private let interval: Duration
    private let logger: Logger
    private let stopped = AsyncTrigger()

    init(_ store: KeyStore, _ ring: KeyRing, _ plan: KeyPlan, interval: Duration = .seconds(15), logger: Logger) {
        self.store = store
        self.ring = ring
        self.plan = plan
        self.interval = interval
        self.logger = logger
    }

    func run() async throws {
        while !stopped.hasFired {
            do { try await turn() } catch { logger.error("signing keys not checked", ["error": "\(error)"]) }
            // Nothing can be signed before the first key: try again soon.
            await stopped.wait(upTo: ring.isReady ? interval : .milliseconds(500))
        }
    }

    /// Returns when there is a key to sign with.
    func ready() async throws {
        while !ring.isReady { try await Task.sleep(for: .milliseconds(10)) }
    }

    func stop() async { stopped.fire() }

    /// Does what is due, and takes over what is stored.
    func turn() async throws {
        for step in try await store.plan({ [plan] in plan.steps($0, now: Date()) }) {
            logger.info("signing key step", ["step": "\(step)"])
        }
        ring.replace(try await store.load())
    }
}
