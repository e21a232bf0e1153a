internal import Dispatch
internal import Glibc

/// Signals of the process as calls.
public enum Signals {
    /// Calls `handler` once for each SIGTERM and SIGINT, and ignores SIGPIPE. Keep the result for as long as it is needed.
    public static func onStop(_ handler: @escaping @Sendable () -> Void) -> SignalSubscription {
        signal(SIGPIPE, SIG_IGN)
        let sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: DispatchWorkItem(block: handler))
            source.resume()
            return source
        }
        return SignalSubscription(sources)
    }
}

// Unchecked: Dispatch sources are thread safe, and the array never changes.
/// Holds a subscription to signals; ends it when released.
public final class SignalSubscription: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]
    init(_ sources: [any DispatchSourceSignal]) { self.sources = sources }
    deinit { for source in sources { source.cancel() } }
}
