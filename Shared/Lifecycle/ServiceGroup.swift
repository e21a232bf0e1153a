internal import FoundationEssentials
internal import Primitives
internal import Synchronization
public import Telemetry

/// The first of several errors.
private final class FirstError: Sendable {
    private let stored = Mutex<(any Error)?>(nil)
    var error: (any Error)? { stored.withLock { $0 } }
    func keep(_ error: any Error) { stored.withLock { if $0 == nil { $0 = error } } }
}

/// Starts parts in order, each after the one before is ready; stops them in reverse order, each with a deadline.
public final class ServiceGroup: Sendable {
    private let services: [any Service]
    private let logger: Logger
    private let stopLimit: Duration
    private let drainDelay: Duration
    private let state = Mutex(Phase.starting)
    private let trigger = AsyncTrigger()

    /// Where the process is in its life: `starting` until all parts are ready, `draining` from the wish to stop, `stopped`
    /// when all were told to end.
    public enum Phase: Sendable { case starting, running, draining, stopped }

    /// - Parameters:
    ///   - drainDelay: how long parts still serve, marked not ready, after a stop was asked for (endpoints are taken
    ///     away at the same time as the signal comes).
    ///   - stopLimit: how long one part may take to stop before its task is cancelled.
    public init(
        _ services: [any Service], logger: Logger, drainDelay: Duration = .seconds(3),
        stopLimit: Duration = .seconds(20)
    ) {
        self.services = services
        self.logger = logger
        self.drainDelay = drainDelay
        self.stopLimit = stopLimit
    }

    /// Where the process is now; safe to ask from any thread.
    public var phase: Phase { state.withLock { $0 } }

    /// Asks the group to stop. Returns at once.
    public func stop() { trigger.fire() }

    /// Runs all parts until ``stop()`` is called or one of them ends.
    /// - Throws: the error of the first part that failed.
    public func run() async throws {
        let ended = AsyncTrigger()
        let failure = FirstError()
        var running: [(service: any Service, task: Task<Void, Never>)] = []
        for service in services {
            let task = Task { [logger] in
                do { try await service.run() } catch is CancellationError {} catch {
                    logger.error("part failed", ["part": .string(service.name), "error": .string("\(error)")])
                    failure.keep(error)
                }
                ended.fire()
            }
            running.append((service, task))
            let isReady = await Self.firstOf(
                {
                    do {
                        try await service.ready()
                        return true
                    } catch is CancellationError {
                        // Told to stop before it was ready: no fault.
                        return false
                    } catch {
                        failure.keep(error)
                        return false
                    }
                }, orStop: [ended, trigger])
            if !isReady {
                ended.fire()
                break
            }
        }
        state.withLock { if $0 == .starting, running.count == services.count { $0 = .running } }
        await AsyncTrigger.waitAny([ended, trigger])
        state.withLock { $0 = .draining }
        if !ended.hasFired {
            logger.info("draining", ["delay_ms": .int(drainDelay.milliseconds)])
            try? await Task.sleep(for: drainDelay)
        }
        for (service, task) in running.reversed() {
            // Also to ask it may take for ever, where a part never came to run.
            let finished = await Self.firstOf(
                {
                    await service.stop()
                    await task.value
                    return true
                }, within: stopLimit)
            if !finished {
                logger.warning("part did not stop in time", ["part": .string(service.name)])
                task.cancel()
            }
        }
        state.withLock { $0 = .stopped }
        if let error = failure.error { throw error }
    }

    private static func firstOf(
        _ work: @escaping @Sendable () async -> Bool, orStop triggers: [AsyncTrigger]
    ) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask(operation: work)
            group.addTask {
                await AsyncTrigger.waitAny(triggers)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }

    private static func firstOf(_ work: @escaping @Sendable () async -> Bool, within limit: Duration) async -> Bool {
        // The work may ignore cancellation: it is not awaited past the limit.
        let done = AsyncTrigger()
        Task {
            _ = await work()
            done.fire()
        }
        await done.wait(upTo: limit)
        return done.hasFired
    }
}
