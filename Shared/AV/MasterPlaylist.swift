/// The text of a master playlist (RFC 8216 §4.3.4).
enum MasterPlaylist {
    static func text(_ variants: [HLSResult.Variant], fps: Double?) -> String {
        var lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
        for variant in variants.sorted(by: { $0.bandwidth < $1.bandwidth }) {
            var attributes = [
                "BANDWIDTH=\(variant.bandwidth)", "AVERAGE-BANDWIDTH=\(variant.averageBandwidth)",
                "RESOLUTION=\(variant.width)x\(variant.height)", "CODECS=\"\(variant.codecs)\"",
            ]
            if let fps { attributes.append("FRAME-RATE=\(thousandths(fps))") }
            lines.append("#EXT-X-STREAM-INF:" + attributes.joined(separator: ","))
            lines.append("\(variant.name)/index.m3u8")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func thousandths(_ value: Double) -> String {
        let whole = Int((value * 1000).rounded())
        let fraction = "\(whole % 1000)"
        return "\(whole / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    /// The segments of a media playlist: duration in seconds and name.
    static func segments(of playlist: String) -> [(duration: Double, name: String)] {
        var segments: [(Double, String)] = []
        var duration: Double?
        for line in playlist.split(separator: "\n") {
            if line.hasPrefix("#EXTINF:") {
                duration = Double(line.dropFirst(8).prefix { $0 != "," })
            } else if !line.hasPrefix("#"), let length = duration {
                segments.append((length, String(line)))
                duration = nil
            }
        }
        return segments
    }

    /// The RFC 6381 name of an H.264 stream, of the parameter set in a packet (Annex B).
    static func codec(ofH264 bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count > 8 else { return nil }
        for index in 0..<(bytes.count - 6) where bytes[index] == 0 && bytes[index + 1] == 0 && bytes[index + 2] == 1 {
            guard bytes[index + 3] & 0x1F == 7 else { continue }
            return "avc1."
                + bytes[(index + 4)...(index + 6)].map {
                    let hex = String($0, radix: 16)
                    return hex.count < 2 ? "0" + hex : hex
                }.joined()
        }
        return nil
    }
}
