import FoundationEssentials
import Primitives

/// Another form of an asset: a thumbnail, a proxy, a segment of a stream.
struct Rendition: Sendable {
    var assetID: UUID
    var workspaceID: UUID
    /// A path of plain names, such as `thumbnail-320.webp` or `hls/720p/seg0.ts`.
    var name: String
    var contentType: String
    var size: Int64
    var sha256: Data
    var width: Int?
    var height: Int?
    var durationMs: Int64?
    var storageKey: String
    var createdAt: Date

    var object: StoredObject {
        let filename = name.split(separator: "/").last.map(String.init) ?? name
        return StoredObject(key: storageKey, size: size, sha256: sha256, contentType: contentType, filename: filename)
    }

    /// Segments of letters, digits, `-`, `_` and `.`, none of which begins with a dot.
    static func isValid(name: String) -> Bool {
        let segments = name.split(separator: "/", omittingEmptySubsequences: false)
        return name.utf8.count <= 200 && segments.count <= 8
            && segments.allSatisfy { segment in
                !segment.isEmpty && segment.first != "."
                    && segment.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                            || "-_.".utf8.contains(byte)
                    }
            }
    }

    /// What people see of it.
    struct View: Encodable, Sendable {
        let assetId, name, contentType: String
        let size: Int64
        let sha256: String
        let width, height: Int?
        let durationMs: Int64?
        let createdAt: Date
    }

    var view: View {
        View(
            assetId: assetID.text, name: name, contentType: contentType, size: size, sha256: sha256.hex, width: width,
            height: height, durationMs: durationMs, createdAt: createdAt)
    }
}
