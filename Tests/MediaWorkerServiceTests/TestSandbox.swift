import Foundation
import TestKit

@testable import MediaWorkerService

/// Decode children for tests, of the executable that was built with them.
enum TestSandbox {
    static let executable: String = {
        let root = TestMedia.folder.split(separator: "/").dropLast(2).joined(separator: "/")
        // The bundle of the tests lies beside the executables; where it cannot be told, the usual place.
        let besides = Bundle.allBundles.map { ($0.bundlePath as NSString).deletingLastPathComponent }
        let folders = besides + ["/\(root)/.build/debug", "/\(root)/.build/release"]
        return folders.map { $0 + "/media-worker" }.first { access($0, X_OK) == 0 } ?? "media-worker is not built"
    }()

    static let workspace = UUID()

    static func make(children: Int = 2) -> DecodeSandbox {
        DecodeSandbox(executable: executable, limits: DecodeLimits(), threads: 1, children: children)
    }

    /// This process's children that ended and were not waited for, and those that still run the hidden word.
    static var leftovers: [String] {
        let own = getpid()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int32($0) != nil }.filter { id in
            guard let stat = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
                let rest = stat.split(separator: ")").last?.split(separator: " "), rest.count > 1
            else { return false }
            return Int32(rest[1]) == own && stat.contains("media-worker")
        }
    }
}
