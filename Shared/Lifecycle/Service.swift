/// A part of a process that runs until the process stops: a pool, a relay, a consumer, a server.
public protocol Service: Sendable {
    /// The name in logs.
    var name: String { get }

    /// Runs until it is told to stop by ``stop()``, or its task is cancelled. To return earlier, or to throw, ends the
    /// process in order.
    func run() async throws

    /// Returns when the part can serve, for instance when a socket listens. The next part starts after that.
    func ready() async throws

    /// Asks the part to finish what it has in hand and to let ``run()`` return.
    func stop() async
}

extension Service {
    /// Ready at once: for a part that nothing waits for.
    public func ready() async throws {}
}
