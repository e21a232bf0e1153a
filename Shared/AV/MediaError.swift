internal import CLibAV

/// Why media could not be read or made.
public struct MediaError: Error, Sendable, Equatable, Hashable, CustomStringConvertible {
    /// The class of a media fault; its raw value is the stable code of the API.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The stable code.
        public let rawValue: String
        /// A code of another's.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// No format or codec that this product reads.
        public static let unsupportedFormat = Code(rawValue: "unsupported_format")
        /// The format is known, the content is broken.
        public static let damaged = Code(rawValue: "damaged")
        /// Too many bytes, pixels, frames or streams.
        public static let tooLarge = Code(rawValue: "too_large")
        /// It plays longer than the limit.
        public static let tooLong = Code(rawValue: "too_long")
        /// The work took longer than its limit.
        public static let timeout = Code(rawValue: "timeout")
        /// The work was cancelled.
        public static let cancelled = Code(rawValue: "cancelled")
        /// The work would have taken more memory than its limit.
        public static let outOfMemory = Code(rawValue: "out_of_memory")
        /// No room is left for what the work writes.
        public static let noSpace = Code(rawValue: "no_space")
        /// The bytes could not be read or written.
        public static let io = Code(rawValue: "io")
        /// What was asked for cannot be made of this input (a waveform of a silent film, an unknown codec).
        public static let invalidRequest = Code(rawValue: "invalid_request")
    }

    /// The class of the fault.
    public let code: Code
    /// What happened, without names or content of the input.
    public let message: String

    /// An error with a message that names nothing of the input.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Trying again can help: the fault lies not in the media.
    public var isRetriable: Bool { code == .io || code == .noSpace || code == .timeout }

    public var description: String { "\(code.rawValue): \(message)" }
}

extension MediaError {
    /// The meaning of a libav status (`AVERROR`), below zero.
    package init(status: Int32, _ doing: String) {
        var text = [CChar](repeating: 0, count: 128)
        av_strerror(status, &text, text.count)
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        self.init(Self.code(of: status), "\(doing): \(String(decoding: bytes, as: UTF8.self))")
    }

    private static func code(of status: Int32) -> Code {
        switch status {
        case ATELIER_AVERROR_ENOMEM: .outOfMemory
        case ATELIER_AVERROR_ENOSPC: .noSpace
        case ATELIER_AVERROR_EFBIG: .tooLarge
        case ATELIER_AVERROR_EIO: .io
        case ATELIER_AVERROR_EXIT: .cancelled
        case ATELIER_AVERROR_DEMUXER_NOT_FOUND, ATELIER_AVERROR_DECODER_NOT_FOUND, ATELIER_AVERROR_ENOSYS,
            ATELIER_AVERROR_PATCHWELCOME:
            .unsupportedFormat
        default: .damaged
        }
    }
}

/// Throws where a libav call answered below zero.
@discardableResult
package func check(_ status: Int32, _ doing: @autoclosure () -> String) throws -> Int32 {
    if status < 0 { throw MediaError(status: status, doing()) }
    return status
}
