import Execution

/// How much a child process may take for a kind of task.
struct WorkClass: Sendable {
    /// Private memory in bytes.
    let memory: UInt64
    /// Time from start to end.
    let time: Duration
    /// Bytes of one file that it writes.
    let fileSize: UInt64
    /// The child may get another order of this class afterwards, from the same workspace.
    var isKept = false

    /// Reads headers and some frames.
    static let probe = WorkClass(memory: 448 << 20, time: .seconds(300), fileSize: 16 << 20, isKept: true)
    /// Makes small pictures of one.
    static let picture = WorkClass(memory: 640 << 20, time: .seconds(60), fileSize: 64 << 20, isKept: true)
    /// Decodes all sound.
    static let sound = WorkClass(memory: 448 << 20, time: .seconds(900), fileSize: 16 << 20)
    /// Holds a whole photograph in memory, more than once.
    static let photograph = WorkClass(memory: 1536 << 20, time: .seconds(180), fileSize: 512 << 20)

    /// Decodes and encodes a whole film.
    static func film(limit: Duration) -> WorkClass { WorkClass(memory: 3 << 30, time: limit, fileSize: 32 << 30) }

    /// The limits of the process.
    var limits: ChildProcess.Limits {
        var limits = ChildProcess.Limits()
        limits.memory = memory
        // Code, libraries and reserved addresses come on top of what is filled.
        limits.addressSpace = memory + (4 << 30)
        limits.cpuSeconds = UInt64(time.components.seconds) * 4 + 10
        limits.openFiles = 256
        limits.fileSize = fileSize
        return limits
    }
}
