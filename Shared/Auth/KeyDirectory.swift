internal import Crypto
public import FoundationEssentials
internal import Primitives
internal import Synchronization
public import Telemetry

/// The public keys of the user service, kept in memory: fetched at first use, again from time to time, and at once (but
/// not often) when a token names a key that is not known. While the user service is away, the keys known last hold.
public final class KeyDirectory: Sendable {
    /// Fetches the document of keys.
    public typealias Fetch = @Sendable (URL) async throws -> Data

    private struct State {
        var keys: [String: ES256PublicKey] = [:]
        var generation = 0
        var fetched: ContinuousClock.Instant?
        var tried: ContinuousClock.Instant?
        var running: Task<Void, Never>?
    }

    private let url: URL
    private let fetch: Fetch
    private let floor: Duration
    private let limit: Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - url: the user service's `/.well-known/jwks.json`.
    ///   - floor: the shortest time between two fetches: a flood of forged key identifiers causes no more.
    ///   - limit: how long one fetch may take.
    public init(
        url: URL, floor: Duration = .seconds(2), limit: Duration = .seconds(3),
        logger: Logger = Logger(service: "auth"), fetch: @escaping Fetch
    ) {
        self.url = url
        self.fetch = fetch
        self.floor = floor
        self.limit = limit
        self.logger = logger
    }

    /// A directory of fixed keys: for tests and tools.
    public convenience init(keys: JSONWebKeySet) {
        self.init(url: URL(filePath: "/")) { _ in try JSON.encode(keys) }
        state.withLock { $0.keys = keys.verificationKeys }
    }

    /// Changes whenever the keys change.
    var generation: Int { state.withLock { $0.generation } }

    /// Whether any key is known.
    public var isReady: Bool { state.withLock { !$0.keys.isEmpty } }

    func key(_ id: String) -> ES256PublicKey? { state.withLock { $0.keys[id] } }

    /// Fetches the keys, unless that was tried within the floor; callers at the same time share one fetch.
    public func refresh() async {
        let task = state.withLock { state -> Task<Void, Never>? in
            if let running = state.running { return running }
            let now = ContinuousClock.now
            // While nothing is known at all, nobody can get in: then it is tried more often.
            let pause = state.keys.isEmpty ? min(floor, .milliseconds(100)) : floor
            if let tried = state.tried, now - tried < pause { return nil }
            state.tried = now
            let task = Task { await load() }
            state.running = task
            return task
        }
        await task?.value
    }

    private func load() async {
        let document: JSONWebKeySet?
        do {
            let data = try await withDeadline(limit, "key document") { [fetch, url] in try await fetch(url) }
            document = try JSON.decode(JSONWebKeySet.self, from: data)
        } catch {
            logger.warning("keys could not be fetched", ["error": .string("\(error)")])
            document = nil
        }
        let keys = document?.verificationKeys
        state.withLock { state in
            state.running = nil
            // An answer without a single usable key is a fault of the answer, not a reason to lock everybody out.
            guard let keys, !keys.isEmpty else { return }
            if keys.mapValues(\.x) != state.keys.mapValues(\.x) {
                state.keys = keys
                state.generation += 1
            }
            state.fetched = ContinuousClock.now
        }
    }
}
