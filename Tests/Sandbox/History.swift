import FoundationEssentials
import Glibc
import Primitives
import Synchronization

/// The append-only log of everything that reached the sandbox: the oracle of the consistency tests.
final class History: Sendable {
    /// One call: to whom, what, under which idempotency key, and how it was answered.
    struct Entry: Codable, Sendable {
        var at = Date()
        var target: String
        var action: String
        var key: String?
        var outcome: String
        var detail: [String: String]
    }

    private let file: Int32
    private let recent = Mutex<[Entry]>([])
    private static let kept = 500

    init(path: String) { file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644) }

    var entries: [Entry] { recent.withLock { $0 } }

    func add(
        _ target: String, _ action: String, key: String? = nil, outcome: String = "ok", _ detail: [String: String] = [:]
    ) {
        let entry = Entry(target: target, action: action, key: key, outcome: outcome, detail: detail)
        recent.withLock { recent in
            recent.append(entry)
            if recent.count > Self.kept { recent.removeFirst(recent.count - Self.kept) }
            guard let line = try? JSON.encode(entry) + [0x0A] else { return }
            _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        }
    }
}
