/// Why a message is not taken: the status, and a stable code for the answer's body. After most refusals the bytes that
/// follow cannot be told apart any more, so the connection is closed.
struct Refusal: Error, Sendable, Equatable {
    let status: Int
    let code: String
    let detail: String

    private init(_ status: Int, _ code: String, _ detail: String) {
        self.status = status
        self.code = code
        self.detail = detail
    }

    static let malformedRequestLine = Refusal(400, "malformed_request_line", "The request line is malformed.")
    static let malformedStatusLine = Refusal(502, "malformed_status_line", "The status line is malformed.")
    static let malformedField = Refusal(400, "malformed_field", "A field line is malformed.")
    static let spaceBeforeColon = Refusal(400, "space_before_colon", "A field name is followed by a space.")
    static let foldedLine = Refusal(400, "folded_line", "A field line is folded.")
    static let bareLineFeed = Refusal(400, "bare_line_feed", "A line ends in a bare line feed.")
    static let bareCarriageReturn = Refusal(400, "bare_carriage_return", "A carriage return stands in a line.")
    static let controlCharacter = Refusal(400, "control_character", "A control character stands in a field value.")
    static let invalidTarget = Refusal(400, "invalid_target", "The request target is not valid.")
    static let targetTooLong = Refusal(414, "target_too_long", "The request target is too long.")
    static let methodNotKnown = Refusal(501, "method_not_known", "The method is not known.")
    static let versionNotSupported = Refusal(505, "version_not_supported", "Speak HTTP/1.1.")
    static let fieldTooLarge = Refusal(431, "field_too_large", "A header field is too large.")
    static let tooManyFields = Refusal(431, "too_many_fields", "There are too many header fields.")
    static let headTooLarge = Refusal(431, "head_too_large", "The header section is too large.")
    static let hostMissing = Refusal(400, "host_missing", "The field Host is missing.")
    static let hostRepeated = Refusal(400, "host_repeated", "The field Host stands twice.")
    static let hostInvalid = Refusal(400, "host_invalid", "The field Host is not valid.")
    static let lengthAndCoding = Refusal(
        400, "length_and_coding", "Content-Length and Transfer-Encoding stand together.")
    static let lengthRepeated = Refusal(400, "length_repeated", "The field Content-Length stands twice.")
    static let lengthInvalid = Refusal(400, "length_invalid", "The field Content-Length is not a number.")
    static let codingRepeated = Refusal(400, "coding_repeated", "The field Transfer-Encoding stands twice.")
    static let codingUnknown = Refusal(501, "coding_unknown", "The transfer coding is not known.")
    static let codingInOldVersion = Refusal(400, "coding_in_old_version", "HTTP/1.0 has no transfer codings.")
    static let expectationUnknown = Refusal(417, "expectation_unknown", "The expectation is not known.")
    static let chunkSizeInvalid = Refusal(400, "chunk_size_invalid", "A chunk size is not valid.")
    static let chunkExtensionInvalid = Refusal(400, "chunk_extension_invalid", "A chunk extension is not valid.")
    static let chunkEndInvalid = Refusal(400, "chunk_end_invalid", "A chunk does not end where its size says.")
    static let trailerInvalid = Refusal(400, "trailer_invalid", "The trailer section is not valid.")
    static let trailerTooLarge = Refusal(431, "trailer_too_large", "The trailer section is too large.")
    static let contentTooLarge = Refusal(413, "content_too_large", "The content is larger than this route takes.")
    static let headTimeout = Refusal(408, "request_timeout", "The request took too long to arrive.")
    static let contentTimeout = Refusal(408, "request_timeout", "The content arrives too slowly.")
}
