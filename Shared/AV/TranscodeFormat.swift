/// What a transcode can make.
public enum TranscodeFormat: String, Codable, Sendable, CaseIterable {
    /// H.264 and AAC, header first.
    case mp4
    /// VP9 and Opus.
    case webm
    /// H.264 and AAC in Matroska.
    case mkv
    /// MPEG layer III.
    case mp3
    /// AAC.
    case m4a
    /// Opus in Ogg.
    case ogg
    /// Lossless.
    case flac
    /// 16-bit PCM.
    case wav

    /// The media type of what comes out.
    public var contentType: String {
        switch self {
        case .mp4: "video/mp4"
        case .webm: "video/webm"
        case .mkv: "video/x-matroska"
        case .mp3: "audio/mpeg"
        case .m4a: "audio/mp4"
        case .ogg: "audio/ogg"
        case .flac: "audio/flac"
        case .wav: "audio/wav"
        }
    }

    /// It carries pictures.
    public var isVideo: Bool { videoCodec != nil }

    var container: String {
        switch self {
        case .mkv: "matroska"
        case .m4a: "ipod"
        default: rawValue
        }
    }

    /// libav's encoder.
    var videoCodec: String? {
        switch self {
        case .mp4, .mkv: "libx264"
        case .webm: "libvpx-vp9"
        default: nil
        }
    }

    /// libav's encoder.
    var audioCodec: String {
        switch self {
        case .mp4, .mkv, .m4a: "aac"
        case .webm, .ogg: "libopus"
        case .mp3: "libmp3lame"
        case .flac: "flac"
        case .wav: "pcm_s16le"
        }
    }

    /// Codecs that the container takes as they are, by libav's codec names.
    var copiedVideo: Set<String> {
        switch self {
        case .mp4: ["h264"]
        case .mkv: ["h264", "hevc", "vp9", "av1"]
        case .webm: ["vp8", "vp9", "av1"]
        default: []
        }
    }

    /// Codecs that the container takes as they are, by libav's codec names.
    var copiedAudio: Set<String> {
        switch self {
        case .mp4, .m4a: ["aac"]
        case .mkv: ["aac", "opus", "vorbis", "mp3", "flac"]
        case .webm: ["opus", "vorbis"]
        case .mp3: ["mp3"]
        case .ogg: ["opus", "vorbis"]
        case .flac: ["flac"]
        case .wav: ["pcm_s16le"]
        }
    }

    var muxerOptions: [String: String] {
        switch self {
        case .mp4, .m4a: ["movflags": "+faststart"]
        default: [:]
        }
    }
}
