internal import CSystem
public import FoundationEssentials
internal import Glibc

/// A program that is run for one piece of work, under limits: for what may crash, hang or eat memory.
///
/// It is in a process group of its own, gains no privileges, inherits no descriptor but its three streams, and is killed
/// with its whole group at its deadline, when it is cancelled, and when this process ends.
public struct ChildProcess: Sendable {
    /// What it may take; `nil` where it may take what this process may.
    public struct Limits: Sendable, Hashable {
        /// Virtual memory in bytes, mapped files and libraries with it.
        public var addressSpace: UInt64?
        /// Private writable memory in bytes: what it can fill.
        public var memory: UInt64?
        /// Processor time of all its threads.
        public var cpuSeconds: UInt64?
        /// Descriptors at a time, its streams with them.
        public var openFiles: UInt64?
        /// Bytes of one file that it writes.
        public var fileSize: UInt64?

        /// No limits.
        public init() {}
    }

    /// How it ended.
    public struct Result: Sendable, Hashable {
        /// Why it ended.
        public enum Reason: Sendable, Hashable {
            /// By itself, with a status.
            case exited(Int32)
            /// By a signal, not from here.
            case signalled(Int32)
            /// Killed: it took longer than it was given.
            case deadline
            /// Killed: it wrote a line beyond the limit.
            case output
        }

        /// Why it ended.
        public let reason: Reason
        /// The beginning of what it wrote to standard error.
        public let standardError: String
        /// The most memory that it held at once, in bytes.
        public let maxResidentBytes: Int64
        /// Processor time that it used.
        public let cpu: Duration
    }

    /// It could not be started.
    public struct StartFailure: Error, Sendable, CustomStringConvertible {
        /// The system's code.
        public let errno: Int32
        public var description: String { "the program cannot be started: errno \(errno)" }
    }

    /// The executable's path.
    public var executable: String
    /// The words after the program's name.
    public var arguments: [String]
    /// The whole environment.
    public var environment: [String: String]
    /// Where it works; this process's folder where `nil`.
    public var folder: String?
    /// What it may take.
    public var limits: Limits

    /// Bytes of one line that it may write.
    static let lineLimit = 1 << 20
    /// Bytes that are kept of its standard error.
    static let errorLimit = 16 << 10

    /// What shall run; nothing starts before ``run(input:deadline:flag:onLine:)``. The environment is empty by default.
    public init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], folder: String? = nil,
        limits: Limits = Limits()
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.limits = limits
    }

    /// The path of the executable that runs now, to run it again with other words.
    public static var ownExecutable: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Runs it to its end. Blocks: call it on a ``BlockingPool``, whose thread lives as long as the child.
    /// - Parameters:
    ///   - input: what it reads from standard input.
    ///   - deadline: how long it may take.
    ///   - flag: kills it when set.
    ///   - onLine: gets each line of its standard output, without the end of line, as it comes.
    /// - Throws: ``StartFailure``, `CancellationError`.
    public func run(
        input: Data = Data(), deadline: Duration, flag: CancellationFlag = CancellationFlag(),
        onLine: (Data) -> Void = { _ in }
    ) throws -> Result {
        if flag.isCancelled { throw CancellationError() }
        let running = try RunningChild(self, input: input, staysOpen: false)
        switch running.pump(until: .now + deadline, flag: flag, stop: { false }, onLine: onLine) {
        case .asked, .ended: return running.bury()
        case .deadline: return running.bury(.deadline)
        case .output: return running.bury(.output)
        case .cancelled:
            _ = running.bury()
            throw CancellationError()
        }
    }
}

extension BlockingPool {
    /// Runs a child process on one of the pool's threads. A task that is cancelled kills it.
    /// - Throws: ``ChildProcess/StartFailure``, ``Overloaded``, `CancellationError`.
    public func run(
        _ child: ChildProcess, input: Data = Data(), deadline: Duration,
        onLine: @escaping @Sendable (Data) -> Void = { _ in }
    ) async throws -> ChildProcess.Result {
        let flag = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await run { try child.run(input: input, deadline: deadline, flag: flag, onLine: onLine) }
        } onCancel: {
            flag.cancel()
        }
    }
}
