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
    let children: ChildPool

    /// - Parameter children: child processes at a time.
    init(executable: String = ChildProcess.ownExecutable, limits: DecodeLimits, threads: Int, children: Int) {
        self.executable = executable
        self.limits = limits
        self.threads = threads
        pool = BlockingPool(name: "decode", threads: children, queueLimit: 1000)
        self.children = ChildPool(capacity: children)
    }

    /// Does a task in a child: one that has done a small task of the same workspace before, or a new one.
    /// - Parameters:
    ///   - folder: where it works; it must be able to write there.
    ///   - workspace: whose media it is.
    ///   - onProgress: called on another thread, a few times a second.
    /// - Throws: `JobFailure` with the class of the fault, `CancellationError`.
    func run<T: Decodable & Sendable>(
        _ task: DecodeTask, _ workClass: WorkClass, in folder: String, for workspace: UUID, as type: T.Type = T.self,
        onProgress: @escaping @Sendable (MediaProgress) -> Void = { _ in }
    ) async throws -> T {
        let order = try JSON.encode(
            DecodeOrder(task: task, limits: limits, timeLimitMs: workClass.time.milliseconds, threads: threads))
        let flag = CancellationFlag()
        let work = ChildWork(
            order: order, workClass: workClass, process: process(workClass, folder),
            key: ChildPool.Key(workspace: workspace, memory: workClass.memory), onProgress: onProgress)
        let message = try await withTaskCancellationHandler {
            try await pool.run { [children] in try work.run(children, flag) }
        } onCancel: {
            flag.cancel()
        }
        if let failure = message.failure { throw JobFailure(failure) }
        guard let result = message.result else {
            throw JobFailure("internal", "The work ended without a result.", retriable: true)
        }
        return try result.decode(T.self)
    }

    private func process(_ workClass: WorkClass, _ folder: String) -> ChildProcess {
        // A child that is kept outlives the folder of its first job: it works with absolute paths only.
        let home = workClass.isKept ? "/tmp" : folder
        return ChildProcess(
            executable, [DecodeChild.word],
            environment: [
                "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home,
                // Threads of the libraries share their memory: address space is limited.
                "MALLOC_ARENA_MAX": "2",
                // Pictures are held in memory, which is limited, and never in files of libvips's own.
                "VIPS_DISC_THRESHOLD": "8g",
            ], folder: home, limits: workClass.limits)
    }
}
