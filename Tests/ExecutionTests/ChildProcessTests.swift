import Execution
import Foundation
import Glibc
import TestKit
import Testing

@Suite struct ChildProcessTests {
    private func shell(_ script: String, limits: ChildProcess.Limits = .init()) -> ChildProcess {
        ChildProcess("/bin/sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin"], folder: "/tmp", limits: limits)
    }

    private func lines(_ child: ChildProcess, input: String = "", within: Duration = .seconds(20)) throws
        -> (lines: [String], result: ChildProcess.Result)
    {
        var lines: [String] = []
        let result = try child.run(input: Data(input.utf8), deadline: within) {
            lines.append(String(decoding: $0, as: UTF8.self))
        }
        return (lines, result)
    }

    @Test func speaksBothWays() throws {
        let (lines, result) = try lines(shell("cat; echo done; echo oops >&2; pwd; exit 3"), input: "one\ntwo\n")
        #expect(lines == ["one", "two", "done", "/tmp"])
        #expect(result.reason == .exited(3))
        #expect(result.standardError == "oops\n")
        #expect(result.maxResidentBytes > 0)
    }

    @Test func inputBiggerThanAPipePasses() throws {
        let (lines, _) = try lines(shell("wc -c"), input: String(repeating: "x", count: 1_000_000))
        #expect(lines.first?.contains("1000000") == true)
    }

    @Test func aLastLineWithoutAnEndCounts() throws { #expect(try lines(shell("printf 'a\\nb'")).lines == ["a", "b"]) }

    @Test func inheritsNothing() throws {
        setenv("ATELIER_SECRET", "x", 1)
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        let (lines, _) = try lines(shell("env | grep SECRET; ls /proc/self/fd | wc -l"))
        // Its three streams, and the one with which `ls` reads the folder.
        #expect(lines.map { $0.filter { $0 != " " } } == ["4"])
    }

    @Test func isKilledAtItsDeadlineWithItsChildren() async throws {
        let marker = "/tmp/atelier-\(UUID().uuidString)"
        defer { unlink(marker) }
        let script = "sleep 600 & echo $! > \(marker); wait"
        #expect(try lines(shell(script), within: .milliseconds(500)).result.reason == .deadline)
        let id = pid_t(try String(contentsOfFile: marker, encoding: .utf8).filter(\.isNumber)) ?? 0
        #expect(id > 0)
        // Killed, and at most waiting to be buried by process 1.
        try await eventually {
            (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)).map { $0.contains(") Z ") } ?? true
        }
    }

    @Test func isKilledWhenCancelled() async throws {
        let pool = BlockingPool(name: "test", threads: 1)
        let child = shell("echo up; sleep 600")
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let task = Task { try await pool.run(child, deadline: .seconds(60)) { _ in continuation.yield() } }
        for await _ in stream { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func limitsHold() throws {
        var limits = ChildProcess.Limits()
        limits.fileSize = 4096
        limits.openFiles = 64
        limits.cpuSeconds = 1
        let file = "/tmp/atelier-\(UUID().uuidString)"
        defer { unlink(file) }
        _ = try lines(shell("head -c 100000 /dev/zero > \(file)", limits: limits))
        #expect((try Data(contentsOf: URL(filePath: file))).count == 4096)
        #expect(try lines(shell("ulimit -n", limits: limits)).lines == ["64"])
        let spin = try lines(shell("while :; do :; done", limits: limits)).result
        #expect(spin.reason == .signalled(SIGKILL) || spin.reason == .signalled(SIGXCPU))
        limits = .init()
        limits.memory = 64 << 20
        // `tail -c` keeps as many bytes as it is asked for.
        let hungry = try lines(shell("tail -c 400000000 /dev/zero", limits: limits), within: .seconds(10)).result
        #expect(hungry.reason != .deadline && hungry.reason != .exited(0))
        #expect(hungry.maxResidentBytes < 100 << 20)
    }

    @Test func anEndlessLineIsCut() throws {
        #expect(try lines(shell("tr '\\0' x </dev/zero")).result.reason == .output)
    }

    @Test func whatIsNotThereCannotStart() {
        #expect(throws: ChildProcess.StartFailure.self) {
            try ChildProcess("/nonexistent", []).run(deadline: .seconds(1))
        }
    }

    @Test func signalsAreTold() throws {
        #expect(try lines(shell("kill -SEGV $$")).result.reason == .signalled(SIGSEGV))
    }

    @Test func aSessionAnswersAgainAndAgain() throws {
        let session = try ChildSession(shell("while read word; do echo heard; echo $word; done"))
        for word in ["one", "two", "three"] {
            var lines: [String] = []
            let answer = try session.ask(Data(word.utf8), deadline: .seconds(20)) {
                lines.append(String(decoding: $0, as: UTF8.self))
                return lines.count == 2
            }
            guard case .answered = answer else { _ = Issue.record("ended"); return }
            #expect(lines == ["heard", word])
        }
    }

    @Test func aSessionThatEndsIsNoAnswer() throws {
        let session = try ChildSession(shell("read word; echo half; exit 5"))
        let answer = try session.ask(Data("x".utf8), deadline: .seconds(20)) { _ in false }
        guard case .ended(let result) = answer else { _ = Issue.record("answered"); return }
        #expect(result.reason == .exited(5))
        guard case .ended = try session.ask(Data("y".utf8), deadline: .seconds(20), onLine: { _ in true }) else {
            _ = Issue.record("answered from the grave"); return
        }
    }

    @Test func aSessionThatIsSilentIsKilled() throws {
        let session = try ChildSession(shell("cat >/dev/null"))
        let answer = try session.ask(Data("x".utf8), deadline: .milliseconds(200)) { _ in true }
        guard case .ended(let result) = answer else { _ = Issue.record("answered"); return }
        #expect(result.reason == .deadline)
    }
}
