/// A photograph or video that a film may use.
struct MediaItem: Sendable, Hashable {
    /// What it is.
    enum Kind: String, Sendable { case photo, clip }

    /// A continuous take, in milliseconds of the video.
    struct Shot: Codable, Sendable, Hashable {
        var startMs: Int
        var endMs: Int
    }

    var id: String
    var kind: Kind
    var filename: String
    /// Takes in order; a video that nobody has looked into is one.
    var shots: [Shot]
}
