import AV
import Images

/// What a probe found: one of the two.
struct ProbeResult: Codable, Sendable {
    var image: ImageInfo?
    var media: MediaInfo?
}

/// The size of a picture that was made, in pixels.
struct MadePicture: Codable, Sendable, Hashable {
    var width: Int
    var height: Int
}

/// What a waveform was made of.
struct MadeWaveform: Codable, Sendable, Hashable {
    var points: Int
}
