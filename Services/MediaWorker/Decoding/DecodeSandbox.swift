import AV
import Execution
import FoundationEssentials
import Jobs
import Primitives

/// Runs decode tasks in child processes: the same executable again, with the hidden word ``DecodeChild/word``.
struct DecodeSandbox: Sendable {
    let executable: String
    let limits: DecodeLimits
    /// Threads of an encoder.
    let threads: Int
    let pool: BlockingPool

    /// - Parameter children: child processes at a time.
    init(executable: String = ChildProcess.ownExecutable, limits: DecodeLimits, threads: Int, children: Int) {
        self.executable = executable
        self.limits = limits
        self.threads = threads
        pool = BlockingPool(name: "decode", threads: children, queueLimit: 1000)
    }

    /// Does a task in a child of its own.
    /// - Parameters:
    ///   - folder: where it works; it must be able to write there.
    ///   - onProgress: called on another thread, a few times a second.
    /// - Throws: `JobFailure` with the class of the fault, `CancellationError`.
    func run<T: Decodable & Sendable>(
        _ task: DecodeTask, _ workClass: WorkClass, in folder: String, as type: T.Type = T.self,
        onProgress: @escaping @Sendable (MediaProgress) -> Void = { _ in }
    ) async throws -> T {
        let order = DecodeOrder(
            task: task, limits: limits, timeLimitMs: workClass.time.milliseconds, threads: threads)
        let child = ChildProcess(
            executable, [DecodeChild.word],
            environment: [
                "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": folder, "TMPDIR": folder,
                // Threads of the libraries share their memory: address space is limited.
                "MALLOC_ARENA_MAX": "2",
            ], folder: folder, limits: workClass.limits)
        let last = LastMessage()
        let result: ChildProcess.Result
        do {
            result = try await pool.run(
                child, input: try JSON.encode(order), deadline: workClass.time + .seconds(5)
            ) { line in
                guard let message = try? JSON.decode(DecodeMessage.self, from: line) else { return }
                if let progress = message.progress { onProgress(progress) } else { last.set(message) }
            }
        } catch let error as ChildProcess.StartFailure {
            throw JobFailure("internal", "\(error)", retriable: true)
        }
        if let failure = last.value?.failure { throw JobFailure(failure) }
        if case .exited(0) = result.reason, let value = last.value?.result { return try value.decode(T.self) }
        throw JobFailure(DecodeVerdict.failure(of: result, memory: workClass.memory))
    }
}
