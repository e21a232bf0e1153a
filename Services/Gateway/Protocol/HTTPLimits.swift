/// How large the parts of a message head may be, in bytes.
struct HTTPLimits: Sendable {
    /// The request target (414 beyond).
    var target = 8192
    /// One field line (431 beyond).
    var fieldLine = 8192
    /// Number of field lines (431 beyond).
    var fields = 100
    /// The whole head (431 beyond).
    var head = 32_768
    /// Chunk extensions of one chunk (400 beyond); they are read over.
    var chunkExtension = 256
    /// The trailer section (431 beyond); it is read over.
    var trailer = 8192

    /// What an upstream may answer: our own services, with more room for their heads.
    static let upstream = HTTPLimits(fieldLine: 16_384, fields: 200, head: 65_536)
}
