import AV
import Primitives

/// A line that a decode child writes to its standard output: one of the three. The last is a result or a failure.
struct DecodeMessage: Codable, Sendable {
    /// Why it could not be done.
    struct Failure: Codable, Sendable, Hashable {
        /// `unsupported_format`, `damaged`, `too_large`, `too_long`, `timeout`, `out_of_memory`, `no_space`, …
        var code: String
        /// What people are told.
        var message: String
    }

    var progress: MediaProgress?
    var result: JSONValue?
    var failure: Failure?
}
