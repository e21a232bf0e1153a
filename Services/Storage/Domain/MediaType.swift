import FoundationEssentials

/// What a file is for people.
enum MediaKind: String, Codable, Sendable { case image, video, audio, text, other }

/// What a file is, told by its first bytes. The name and what the client said count only among texts.
struct MediaType: Sendable, Equatable {
    let contentType: String
    let kind: MediaKind

    init(_ contentType: String, _ kind: MediaKind) {
        self.contentType = contentType
        self.kind = kind
    }

    static let unknown = MediaType("application/octet-stream", .other)

    /// - Parameter prefix: the first 4,096 bytes, or all where there are fewer.
    static func detect(_ prefix: Data, filename: String) -> MediaType {
        let bytes = [UInt8](prefix)
        return container(bytes) ?? signature(bytes) ?? audioFrame(bytes) ?? text(bytes, filename) ?? unknown
    }

    /// The kind that goes with a content type which another service of ours names.
    static func kind(of contentType: String) -> MediaKind {
        switch contentType.split(separator: "/").first {
        case "image": contentType == "image/svg+xml" ? .other : .image
        case "video": .video
        case "audio": .audio
        case "text": .text
        default: ["application/json", "application/x-subrip"].contains(contentType) ? .text : .other
        }
    }

    /// Whether browsers may show it in place: it can neither run code nor be taken for a page.
    static func isSafeInline(_ contentType: String) -> Bool {
        let kind = kind(of: contentType)
        return kind == .image || kind == .video || kind == .audio
            || ["text/plain", "text/vtt", "application/pdf", "application/vnd.apple.mpegurl", "application/x-subrip"]
                .contains(contentType.split(separator: ";")[0].lowercased())
    }

    private static func signature(_ bytes: [UInt8]) -> MediaType? {
        let table: [([UInt8], MediaType)] = [
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], MediaType("image/png", .image)),
            ([0xFF, 0xD8, 0xFF], MediaType("image/jpeg", .image)),
            (Array("GIF87a".utf8), MediaType("image/gif", .image)),
            (Array("GIF89a".utf8), MediaType("image/gif", .image)),
            ([0x49, 0x49, 0x2A, 0x00], MediaType("image/tiff", .image)),
            ([0x4D, 0x4D, 0x00, 0x2A], MediaType("image/tiff", .image)),
            (Array("fLaC".utf8), MediaType("audio/flac", .audio)), (Array("ID3".utf8), MediaType("audio/mpeg", .audio)),
            (Array("MThd".utf8), MediaType("audio/midi", .audio)),
            (Array("%PDF-".utf8), MediaType("application/pdf", .other)),
            ([0x50, 0x4B, 0x03, 0x04], MediaType("application/zip", .other)),
            ([0x1F, 0x8B], MediaType("application/gzip", .other)),
            ([0x00, 0x00, 0x01, 0xBA], MediaType("video/mpeg", .video)),
        ]
        return table.first { bytes.starts(with: $0.0) }?.1
    }

    private static func container(_ bytes: [UInt8]) -> MediaType? {
        func text(_ range: Range<Int>) -> String {
            bytes.count >= range.upperBound ? String(decoding: bytes[range], as: UTF8.self) : ""
        }
        switch (text(0..<4), text(8..<12)) {
        case ("RIFF", "WEBP"): return MediaType("image/webp", .image)
        case ("RIFF", "WAVE"): return MediaType("audio/wav", .audio)
        case ("RIFF", "AVI "): return MediaType("video/x-msvideo", .video)
        default: break
        }
        if text(4..<8) == "ftyp" {
            switch text(8..<12) {
            case "M4A ", "M4B ": return MediaType("audio/mp4", .audio)
            case "avif", "avis": return MediaType("image/avif", .image)
            case "heic", "heix", "mif1", "msf1": return MediaType("image/heic", .image)
            case "qt  ": return MediaType("video/quicktime", .video)
            default: return MediaType("video/mp4", .video)
            }
        }
        if text(0..<4) == "OggS" {
            let isVideo = contains(bytes, Array("\u{80}theora".unicodeScalars.map { UInt8($0.value) }))
            return isVideo ? MediaType("video/ogg", .video) : MediaType("audio/ogg", .audio)
        }
        if bytes.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) {
            return contains(bytes, Array("webm".utf8))
                ? MediaType("video/webm", .video) : MediaType("video/x-matroska", .video)
        }
        let isTransportStream = bytes.count > 376 && bytes[0] == 0x47 && bytes[188] == 0x47 && bytes[376] == 0x47
        return isTransportStream ? MediaType("video/mp2t", .video) : nil
    }

    /// MPEG audio and ADTS begin with eleven or twelve set bits and sane fields; a second frame is not looked for.
    private static func audioFrame(_ bytes: [UInt8]) -> MediaType? {
        guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return nil }
        if bytes[1] & 0xF6 == 0xF0 { return MediaType("audio/aac", .audio) }
        let (version, layer, rate) = (bytes[1] >> 3 & 3, bytes[1] >> 1 & 3, bytes[2] >> 2 & 3)
        let bitrate = bytes[2] >> 4
        guard version != 1, layer == 1, rate != 3, bitrate != 0, bitrate != 15 else { return nil }
        return MediaType("audio/mpeg", .audio)
    }

    private static func text(_ bytes: [UInt8], _ filename: String) -> MediaType? {
        guard !bytes.isEmpty, !bytes.contains(where: { $0 < 0x09 || (0x0E...0x1A).contains($0) }) else { return nil }
        // The prefix may end within a character.
        let isText = (0...3).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
        guard isText else { return nil }
        let start = String(decoding: bytes.prefix(512), as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }
            .lowercased()
        if start.hasPrefix("#extm3u") { return MediaType("application/vnd.apple.mpegurl", .other) }
        if start.hasPrefix("webvtt") { return MediaType("text/vtt", .text) }
        if start.hasPrefix("<svg") || (start.hasPrefix("<?xml") && start.contains("<svg")) {
            return MediaType("image/svg+xml", .other)
        }
        if ["<!doctype html", "<html", "<head", "<body", "<script", "<!--"].contains(where: start.hasPrefix) {
            return MediaType("text/html", .text)
        }
        let byName = [
            "srt": "application/x-subrip", "json": "application/json", "csv": "text/csv", "md": "text/markdown",
        ]
        let ending = filename.split(separator: ".").last.map { $0.lowercased() } ?? ""
        return MediaType(byName[ending] ?? "text/plain", .text)
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.count >= part.count && (0...bytes.count - part.count).contains { bytes[$0...].starts(with: part) }
    }
}
