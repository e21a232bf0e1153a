import Execution
import Glibc
import Jobs

/// What it means that a child process ended without a word.
enum DecodeVerdict {
    static func failure(of result: ChildProcess.Result, memory: UInt64) -> DecodeMessage.Failure {
        let spoke = result.standardError.lowercased()
        switch result.reason {
        case .deadline: return .init(code: "timeout", message: "The work took longer than its limit.")
        case .signalled(SIGXCPU):
            return .init(code: "timeout", message: "The work took more processor time than its limit.")
        case .signalled(SIGXFSZ): return .init(code: "too_large", message: "What it makes is over the limit.")
        case .signalled, .exited, .output:
            // Libraries end the process where memory is refused, some with a word about it.
            if spoke.contains("memory") || spoke.contains("alloc") || UInt64(result.maxResidentBytes) > memory * 3 / 4 {
                return .init(code: "out_of_memory", message: "The work needs more memory than its limit.")
            }
            return .init(code: "damaged", message: "The content breaks the decoder.")
        }
    }
}

extension JobFailure {
    /// A fault of the media is for good; one of this machine may pass.
    init(_ failure: DecodeMessage.Failure) {
        let retriable = ["io", "no_space", "internal"].contains(failure.code)
        self.init(failure.code, failure.message, retriable: retriable)
    }
}
