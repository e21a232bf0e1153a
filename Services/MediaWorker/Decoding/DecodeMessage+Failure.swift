import AV
import Film
import Images
import Montage

extension DecodeMessage.Failure {
    /// The class of an error of the libraries.
    init(_ error: any Error) {
        switch error {
        case let error as MediaError: self.init(code: error.code.rawValue, message: error.message)
        case let error as ImageError: self.init(code: error.code.rawValue, message: error.message)
        case let error as MontageError: self.init(code: error.code.rawValue, message: error.description)
        case let error as TimelineError: self.init(code: "invalid_request", message: error.description)
        case let fault as PhotoEdit.Fault: self.init(code: "invalid_request", message: "\(fault.field) \(fault.reason)")
        case let fault as TranscodeSpec.Fault:
            self.init(code: "invalid_request", message: "\(fault.field) \(fault.reason)")
        case is CancellationError: self.init(code: "timeout", message: "the work took longer than its limit")
        default: self.init(code: "internal", message: "\(type(of: error))")
        }
    }
}
