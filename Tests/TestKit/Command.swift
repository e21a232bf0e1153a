internal import FoundationEssentials
internal import Glibc

/// Programs that tests run. Not Foundation's `Process`: that one waits for grandchildren, such as a server left behind.
public enum Command {
    /// A program that failed, with what it printed.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Starts a program and returns its process id; its output goes to `output`. It inherits no descriptors.
    /// - Parameter environment: the whole environment of the program; this process's where `nil`.
    public static func start(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, output: String = "/dev/null"
    ) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // glibc skips those that are not open.
        for descriptor in Int32(3)..<256 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        // The shell changes to a folder that every user may read, then becomes the program.
        let shell = ["/bin/sh", "-c", "cd /tmp && exec \"$0\" \"$@\"", program]
        let argv = (shell + arguments).map { strdup($0) } + [nil]
        let variables = environment ?? ProcessInfo.processInfo.environment
        let envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var id: pid_t = 0
        let result = posix_spawn(&id, "/bin/sh", &actions, nil, argv, envp)
        guard result == 0 else { throw Failure(description: "\(program) cannot be started: errno \(result)") }
        return id
    }

    /// Waits for a program that ``start(_:_:environment:output:)`` started. Blocks.
    /// - Returns: its exit status, or 128 and the number of the signal that ended it.
    public static func wait(_ id: Int32) -> Int32 {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }

    /// Runs a program to its end and returns what it printed. Blocks.
    /// - Throws: ``Failure`` where it ends with another status than 0.
    @discardableResult
    public static func run(_ program: String, _ arguments: [String]) throws -> String {
        let output = "/tmp/atelier-run-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        defer { unlink(output) }
        let status = wait(try start(program, arguments, output: output))
        let data = (try? Data(contentsOf: URL(filePath: output))) ?? Data()
        var text = String(decoding: data, as: UTF8.self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        guard status == 0 else { throw Failure(description: "\(program) ended with \(status): \(text)") }
        return text
    }
}
