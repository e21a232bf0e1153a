public import FoundationEssentials

/// A child process that is asked again and again, one line at a time: for small pieces of work, of which each would take
/// less than the start of a process. Used from one thread at a time; killed when it is let go.
public final class ChildSession {
    /// What came of a question.
    public enum Answer: Sendable {
        /// It answered, and can be asked again.
        case answered
        /// It ended or was killed without an answer.
        case ended(ChildProcess.Result)
    }

    private let child: RunningChild

    /// Starts it. It is killed when the calling thread ends: call this on a ``BlockingPool``.
    /// - Throws: ``ChildProcess/StartFailure``.
    public init(_ process: ChildProcess) throws {
        child = try RunningChild(process, input: Data(), staysOpen: true)
    }

    /// Writes a line and reads lines until one is the answer. Blocks.
    /// - Parameters:
    ///   - line: without an end of line within.
    ///   - deadline: how long the answer may take; it is killed after that.
    ///   - onLine: gets each line of its standard output; returns whether it is the answer.
    /// - Throws: `CancellationError`.
    public func ask(
        _ line: Data, deadline: Duration, flag: CancellationFlag = CancellationFlag(), onLine: (Data) -> Bool
    ) throws -> Answer {
        child.send(line + [UInt8(ascii: "\n")])
        var isAnswered = false
        let stop = child.pump(until: .now + deadline, flag: flag, stop: { isAnswered }) { line in
            if onLine(line) { isAnswered = true }
        }
        switch stop {
        case .asked: return .answered
        case .ended: return .ended(child.bury())
        case .deadline: return .ended(child.bury(.deadline))
        case .output: return .ended(child.bury(.output))
        case .cancelled:
            _ = child.bury()
            throw CancellationError()
        }
    }
}
