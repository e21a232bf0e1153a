internal import Synchronization

/// Shows lines of the log, from warnings on, to who asked for them at the start of the process.
public enum LogTap {
    private static let handlers = Mutex<[@Sendable (LogLine) -> Void]>([])

    /// Hands every warning and error that is logged from now on to `handler`, which must return at once and log nothing.
    public static func install(_ handler: @escaping @Sendable (LogLine) -> Void) {
        handlers.withLock { $0.append(handler) }
    }

    static func show(_ line: LogLine) {
        for handler in handlers.withLock({ $0 }) { handler(line) }
    }
}
