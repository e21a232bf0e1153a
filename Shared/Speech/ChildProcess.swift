internal import Execution
internal import FoundationEssentials
internal import Glibc
internal import Primitives

/// Runs a program, feeds it, and keeps what it says, within bounds of time and size. Blocks its thread.
struct ChildProcess {
    /// What a program left.
    struct Result {
        var output: Data
        var errors: String
        /// Exit code; 128 and the signal's number for a killed one.
        var code: Int
    }

    /// The program's path.
    let path: String
    var limit: Duration = .seconds(20)
    var outputLimit = 64 << 20

    /// Runs the program to its end; kills it when `flag` is set or the time is over.
    /// - Throws: ``SpeechError`` with `engineUnavailable`, `engineFailed` or `timedOut`; `CancellationError`.
    func run(_ arguments: [String], input: String, flag: CancellationFlag) throws -> Result {
        var pipes = [Int32](repeating: -1, count: 6)
        defer { for pipe in pipes where pipe >= 0 { close(pipe) } }
        for index in 0..<3 {
            var ends: [Int32] = [-1, -1]
            // Sockets: they can be born closed on exec and written without SIGPIPE.
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
                throw SpeechError(.engineFailed, "no pipe for \(path)")
            }
            pipes.replaceSubrange(index * 2..<index * 2 + 2, with: ends)
        }
        let child = try spawn(arguments, input: pipes[0], output: pipes[3], errors: pipes[5])
        for index in [0, 3, 5] {
            close(pipes[index])
            pipes[index] = -1
        }
        var isReaped = false
        defer {
            if !isReaped {
                kill(child, SIGKILL)
                waitpid(child, nil, 0)
            }
        }
        var result = Result(output: Data(), errors: "", code: 0)
        try exchange(&pipes, Array(input.utf8), &result, flag)
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        isReaped = true
        let signal = status & 0x7F
        result.code = signal == 0 ? Int(status >> 8 & 0xFF) : 128 + Int(signal)
        return result
    }

    /// Writes the input and reads both outputs until they are closed.
    private func exchange(
        _ pipes: inout [Int32], _ input: [UInt8], _ result: inout Result, _ flag: CancellationFlag
    ) throws {
        _ = fcntl(pipes[1], F_SETFL, O_NONBLOCK)
        let deadline = ContinuousClock.now + limit
        var written = 0
        var errors = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while pipes[2] >= 0 || pipes[4] >= 0 {
            if flag.isCancelled { throw CancellationError() }
            if ContinuousClock.now > deadline {
                throw SpeechError(.timedOut, "\(path) took longer than \(limit.milliseconds) ms")
            }
            var polled = [
                pollfd(fd: pipes[1], events: Int16(POLLOUT), revents: 0),
                pollfd(fd: pipes[2], events: Int16(POLLIN), revents: 0),
                pollfd(fd: pipes[4], events: Int16(POLLIN), revents: 0),
            ]
            // Short, because the flag has no descriptor.
            guard poll(&polled, 3, 50) >= 0 || errno == EINTR else { throw SpeechError(.engineFailed, "poll failed") }
            if pipes[1] >= 0, polled[0].revents != 0 {
                let count = input[written...].withUnsafeBytes {
                    send(pipes[1], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count > 0 { written += count }
                // A program that closed its input early says on its error output why.
                if written == input.count || (count < 0 && errno != EAGAIN && errno != EINTR) {
                    close(pipes[1])
                    pipes[1] = -1
                }
            }
            for (index, slot) in [(2, 1), (4, 2)] where pipes[index] >= 0 && polled[slot].revents != 0 {
                let count = read(pipes[index], &buffer, buffer.count)
                if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
                if count <= 0 {
                    close(pipes[index])
                    pipes[index] = -1
                } else if index == 2 {
                    result.output.append(contentsOf: buffer[..<count])
                } else if errors.count < 4096 {
                    errors.append(contentsOf: buffer[..<count])
                }
                if result.output.count > outputLimit {
                    throw SpeechError(.engineFailed, "\(path) said more than \(outputLimit) bytes")
                }
            }
        }
        result.errors = String(decoding: errors.prefix(500), as: UTF8.self)
    }

    private func spawn(_ arguments: [String], input: Int32, output: Int32, errors: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in [(Int32(0), input), (1, output), (2, errors)] {
            posix_spawn_file_actions_adddup2(&actions, source, target)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The parent blocks signals for its signal descriptor and ignores SIGPIPE; the child begins with neither.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let vector = ([path] + arguments).map { strdup($0) } + [nil]
        // A fixed locale: the same words give the same sounds everywhere.
        let environment = [strdup("LC_ALL=C.UTF-8"), strdup("PATH=/usr/bin:/bin"), nil]
        defer { (vector + environment).forEach { free($0) } }
        var child = pid_t()
        let failure = posix_spawn(&child, path, &actions, &attributes, vector, environment)
        guard failure == 0 else {
            throw SpeechError(.engineUnavailable, "\(path): \(String(cString: strerror(failure)))")
        }
        return child
    }
}
