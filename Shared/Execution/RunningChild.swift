internal import CSystem
internal import FoundationEssentials
internal import Glibc

/// A child process that runs, with its three streams. Used from one thread at a time.
final class RunningChild {
    /// Why ``pump(until:flag:stop:onLine:)`` returned.
    enum Stop { case asked, ended, deadline, cancelled, output }

    private let id: pid_t
    private var input: Data
    private var isInputDone: Bool
    /// Our ends of standard input, output and error; −1 once closed.
    private var streams: [Int32]
    private var line = Data()
    private var errors = Data()
    private var isBuried = false
    private var status: Int32 = 0
    private var resident: Int64 = 0
    private var cpu: Int64 = 0

    /// - Parameter staysOpen: whether more input may follow; else its end is told once all of it was read.
    init(_ child: ChildProcess, input: Data, staysOpen: Bool) throws {
        // A child that is gone must not take this process with it when its input is written.
        signal(SIGPIPE, SIG_IGN)
        var pipes: [[Int32]] = []
        func closeAll() { for pipe in pipes { pipe.forEach { close($0) } } }
        for _ in 0..<3 {
            var ends: [Int32] = [-1, -1]
            guard atelier_pipe(&ends) == 0 else {
                let failure = errno
                closeAll()
                throw ChildProcess.StartFailure(errno: failure)
            }
            pipes.append(ends)
        }
        var limits = atelier_child_limits(
            address_space: child.limits.addressSpace ?? 0, data: child.limits.memory ?? 0,
            cpu_seconds: child.limits.cpuSeconds ?? 0, open_files: child.limits.openFiles ?? 0,
            file_size: child.limits.fileSize ?? 0)
        let arguments = ([child.executable] + child.arguments).map { strdup($0) } + [nil]
        let environment = child.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var id: pid_t = 0
        let failure = atelier_child_start(
            child.executable, arguments, environment, child.folder, pipes[0][0], pipes[1][1], pipes[2][1], &limits, &id)
        guard failure == 0 else {
            closeAll()
            throw ChildProcess.StartFailure(errno: failure)
        }
        [pipes[0][0], pipes[1][1], pipes[2][1]].forEach { close($0) }
        streams = [pipes[0][1], pipes[1][0], pipes[2][0]]
        for stream in streams { _ = fcntl(stream, F_SETFL, fcntl(stream, F_GETFL) | O_NONBLOCK) }
        self.id = id
        self.input = input
        isInputDone = !staysOpen
    }

    deinit { _ = bury() }

    /// Adds to what it reads.
    func send(_ data: Data) { input.append(data) }

    /// Feeds it and reads it, until `stop` says so or something ends it.
    func pump(
        until end: ContinuousClock.Instant, flag: CancellationFlag, stop: () -> Bool, onLine: (Data) -> Void
    ) -> Stop {
        while true {
            if flag.isCancelled { return .cancelled }
            if ContinuousClock.now >= end { return .deadline }
            exchange(onLine)
            if line.count > ChildProcess.lineLimit { return .output }
            if stop() { return .asked }
            if isBuried || atelier_child_has_ended(id) != 0 {
                // What was written before the end is still in the pipes.
                drain(1, onLine)
                drain(2, onLine)
                if !line.isEmpty { onLine(line) }
                return stop() ? .asked : .ended
            }
        }
    }

    /// Ends it, if it still runs, with what it left behind: its group lives on without its leader. Waits for its end.
    func bury(_ reason: ChildProcess.Result.Reason? = nil) -> ChildProcess.Result {
        if !isBuried {
            // Before it is waited for: afterwards its number may be another's.
            kill(-id, SIGKILL)
            _ = atelier_child_wait(id, &status, &resident, &cpu)
            isBuried = true
        }
        for index in streams.indices { closeStream(index) }
        let signal = status & 0x7F
        let ended: ChildProcess.Result.Reason = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
        return ChildProcess.Result(
            reason: reason ?? ended, standardError: String(decoding: errors, as: UTF8.self),
            maxResidentBytes: resident, cpu: .milliseconds(cpu))
    }

    /// Waits a moment for any stream, and moves what can be moved.
    private func exchange(_ onLine: (Data) -> Void) {
        if input.isEmpty, isInputDone { closeStream(0) }
        var polled = [
            // A pipe that has room is no news while there is nothing to write.
            pollfd(fd: input.isEmpty ? -1 : streams[0], events: Int16(POLLOUT), revents: 0),
            pollfd(fd: streams[1], events: Int16(POLLIN), revents: 0),
            pollfd(fd: streams[2], events: Int16(POLLIN), revents: 0),
        ]
        // Short, because its end, the deadline and the flag are looked at between two waits.
        guard poll(&polled, 3, streams[1] < 0 && streams[2] < 0 ? 2 : 20) > 0 else { return }
        if polled[0].revents != 0 { feed() }
        if polled[1].revents != 0 { drain(1, onLine) }
        if polled[2].revents != 0 { drain(2, onLine) }
    }

    private func feed() {
        let count = input.withUnsafeBytes { write(streams[0], $0.baseAddress, $0.count) }
        if count > 0 {
            input = Data(input.dropFirst(count))
        } else if count < 0, errno != EAGAIN, errno != EINTR {
            input = Data()
        }
    }

    private func drain(_ index: Int, _ onLine: (Data) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while streams[index] >= 0 {
            let count = read(streams[index], &buffer, buffer.count)
            if count == 0 { return closeStream(index) }
            if count < 0 {
                if errno != EAGAIN, errno != EINTR { closeStream(index) }
                return
            }
            if index == 2 {
                errors.append(contentsOf: buffer[..<min(count, ChildProcess.errorLimit - errors.count)])
            } else {
                split(buffer[..<count], onLine)
                if line.count > ChildProcess.lineLimit { return }
            }
        }
    }

    private func split(_ bytes: ArraySlice<UInt8>, _ onLine: (Data) -> Void) {
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line.append(contentsOf: rest[..<end])
            onLine(line)
            line = Data()
            rest = rest[(end + 1)...]
        }
        line.append(contentsOf: rest)
    }

    private func closeStream(_ index: Int) {
        guard streams[index] >= 0 else { return }
        close(streams[index])
        streams[index] = -1
    }
}
