internal import CVips

/// Why a picture could not be read or made.
public struct ImageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The class of a fault; its raw value is the stable code of the API.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The stable code.
        public let rawValue: String
        /// A code of another's.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// No picture format that this product reads.
        public static let unsupportedFormat = Code(rawValue: "unsupported_format")
        /// The format is known, the content is broken.
        public static let damaged = Code(rawValue: "damaged")
        /// Too many pixels or pages.
        public static let tooLarge = Code(rawValue: "too_large")
        /// The work took longer than its limit.
        public static let timeout = Code(rawValue: "timeout")
        /// The work would have taken more memory than its limit.
        public static let outOfMemory = Code(rawValue: "out_of_memory")
        /// No room is left for what the work writes.
        public static let noSpace = Code(rawValue: "no_space")
        /// The edit does not fit the picture.
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

    public var description: String { "\(code.rawValue): \(message)" }
}

extension ImageError {
    /// The pending fault of libvips on this thread.
    static func pending(_ doing: String) -> ImageError {
        var buffer = [CChar](repeating: 0, count: 2048)
        atelier_vips_error(&buffer, buffer.count)
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let lower = text.lowercased()
        if ["not a known file format", "not in a known format", "operation is blocked"].contains(where: lower.contains)
        {
            return ImageError(.unsupportedFormat, "no picture format that this product reads")
        }
        if lower.contains("out of memory") || lower.contains("unable to allocate") {
            return ImageError(.outOfMemory, doing)
        }
        if lower.contains("no space left") || lower.contains("file too large") {
            return ImageError(.noSpace, doing)
        }
        if lower.contains("killed") { return ImageError(.timeout, "the work was stopped") }
        // Paths say nothing to whoever sent the picture, and something about this machine.
        let line = text.split(separator: "\n").last { !$0.contains("/") } ?? "broken content"
        return ImageError(.damaged, "\(doing): \(line.prefix(160))")
    }
}
