import AV
import Film
import Images

/// One thing that is done with hostile media. Paths are absolute and in the job's own folder.
enum DecodeTask: Codable, Sendable, Hashable {
    /// What an input claims to be; a lie is found out.
    enum Kind: String, Codable, Sendable { case image, video, audio }

    /// One picture to write.
    struct Thumbnail: Codable, Sendable, Hashable {
        var maxSide: Int
        var outputs: [Thumbnails.Output]
    }

    case probe(input: String, kind: Kind)
    case thumbnails(input: String, kind: Kind, wanted: [Thumbnail])
    case waveform(input: String, json: String, png: String)
    case transcode(input: String, spec: TranscodeSpec, output: String)
    case hls(input: String, folder: String)
    case edit(input: String, edit: PhotoEdit, output: String)
    case render(timeline: Timeline, inputs: [String: String], output: String, sheet: String)
}
