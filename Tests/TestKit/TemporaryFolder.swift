internal import Foundation

/// A folder of its own under the system's temporary folder, removed with everything in it when it is let go.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init(_ name: String = "atelier") throws {
        path = FileManager.default.temporaryDirectory.path + "/\(name)-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A path inside.
    public func file(_ name: String) -> String { path + "/" + name }

    /// The names of what is inside, at any depth, sorted.
    public var contents: [String] { ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted() }
}
