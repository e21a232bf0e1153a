internal import FoundationEssentials
public import Primitives
internal import Synchronization
public import Telemetry

/// The last warnings and errors of this process, for a support bundle: scrubbed, and few.
public final class RecentLines: Sendable {
    private let lines = Mutex<[LogLine]>([])
    private let scrubber: Scrubber
    private let limit: Int

    /// - Parameter limit: how many are kept.
    public init(scrubber: Scrubber, limit: Int = 200) {
        (self.scrubber, self.limit) = (scrubber, limit)
    }

    /// Keeps every warning and error that is logged from now on.
    public static func install(scrubber: Scrubber) -> RecentLines {
        let recent = RecentLines(scrubber: scrubber)
        LogTap.install { recent.take($0) }
        return recent
    }

    /// Takes a line, and forgets the oldest.
    public func take(_ line: LogLine) {
        lines.withLock { lines in
            if lines.count >= limit { lines.removeFirst() }
            lines.append(line)
        }
    }

    /// The lines as JSON, oldest first.
    public var document: JSONValue {
        .array(
            lines.withLock { $0 }.compactMap { line in
                (try? JSON.decode(JSONValue.self, from: line.json)).map { scrubber.value($0) }
            })
    }
}
