import AV
import Images

/// What a decode child reads from its standard input: one task and its limits.
struct DecodeOrder: Codable, Sendable {
    var task: DecodeTask
    var limits: DecodeLimits
    /// How long it may take. The parent kills it a little later.
    var timeLimitMs: Int64
    /// Threads of an encoder.
    var threads: Int
}

/// What media may be at most.
struct DecodeLimits: Codable, Sendable, Hashable {
    var images = ImageLimits()
    var media = MediaLimits()
}
