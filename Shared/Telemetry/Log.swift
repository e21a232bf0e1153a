public import FoundationEssentials
internal import Glibc
internal import Primitives
internal import Synchronization

/// How grave a log line is.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    /// From what only its author reads to what someone must look at.
    case debug, info, warning, error

    public static func < (lhs: LogLevel, rhs: LogLevel) -> Bool { lhs.rawValue < rhs.rawValue }
    /// The word in a line's `level`, and in `LOG_LEVEL`.
    public var name: String { ["debug", "info", "warning", "error"][rawValue] }
    /// The level of a word; `nil` where it is none of the four.
    public init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }
}

/// A value in a log line.
public enum LogValue: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation
{
    /// Text.
    case string(String)
    /// A whole number.
    case int(Int64)
    /// Any number; written as `null` where it is not finite.
    case double(Double)
    /// `true` or `false`.
    case bool(Bool)

    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A value by its description.
    public init(_ value: some CustomStringConvertible) { self = .string(value.description) }
    /// A whole number; one that does not fit 64 bits becomes the nearest that does.
    public init(_ value: some BinaryInteger) { self = .int(Int64(clamping: value)) }
}

/// Writes one JSON object a line (OPS-067): constant messages, data in fields, never a secret.
///
/// The keys `timestamp, level, service, agent, project_id, message, duration_ms, trace_id, span_id, request_id` have
/// their meaning everywhere; the last three are taken from the current ``Trace``.
public struct Logger: Sendable {
    /// `service` of each line.
    public let service: String
    private let sink: any LogSink
    private var fields: [String: LogValue]

    /// - Parameter sink: where lines go; standard output by default.
    public init(service: String, sink: any LogSink = StandardOutputSink.shared) {
        self.service = service
        self.sink = sink
        self.fields = [:]
    }

    /// The same logger, with fields that stand in each of its lines.
    public func with(_ fields: [String: LogValue]) -> Logger {
        var copy = self
        copy.fields.merge(fields) { _, new in new }
        return copy
    }

    /// For development; not written by default.
    public func debug(_ message: StaticString, _ fields: [String: LogValue] = [:]) { log(.debug, message, fields) }
    /// What happened, as expected.
    public func info(_ message: StaticString, _ fields: [String: LogValue] = [:]) { log(.info, message, fields) }
    /// What was not expected and healed, or may heal.
    public func warning(_ message: StaticString, _ fields: [String: LogValue] = [:]) { log(.warning, message, fields) }
    /// What failed and needs somebody.
    public func error(_ message: StaticString, _ fields: [String: LogValue] = [:]) { log(.error, message, fields) }

    /// Writes a line where `level` is at least the process's level.
    public func log(_ level: LogLevel, _ message: StaticString, _ extra: [String: LogValue] = [:]) {
        guard level >= sink.minimum else { return }
        var all = fields
        all.merge(extra) { _, new in new }
        if let trace = Trace.current {
            all["trace_id"] = .string(trace.traceID)
            all["span_id"] = .string(trace.spanID)
            if let id = trace.requestID { all["request_id"] = .string(id) }
        }
        let line = LogLine(
            timestamp: Date(), level: level, service: service, message: message.description, fields: all)
        sink.write(line)
        if level >= .warning { LogTap.show(line) }
    }
}

/// One line of the log, before it is written.
public struct LogLine: Sendable {
    /// When it was said.
    public let timestamp: Date
    /// How grave it is.
    public let level: LogLevel
    /// Which process said it.
    public let service: String
    /// The constant message; what changes stands in ``fields``.
    public let message: String
    /// All other members of the object, sorted by name when written.
    public let fields: [String: LogValue]

    /// The line as JSON, the fixed keys first.
    public var json: String {
        var text = "{\"timestamp\":\"\(timestamp.rfc3339)\",\"level\":\"\(level.name)\",\"service\":"
        text += Self.quoted(service) + ",\"message\":" + Self.quoted(message)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            text += "," + Self.quoted(key) + ":"
            switch value {
            case .string(let value): text += Self.quoted(value)
            case .int(let value): text += String(value)
            case .double(let value): text += value.isFinite ? String(value) : "null"
            case .bool(let value): text += value ? "true" : "false"
            }
        }
        return text + "}"
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// Where log lines go.
public protocol LogSink: Sendable {
    /// The least level that is wanted; lines below it are not made.
    var minimum: LogLevel { get }
    /// Takes a line, from any thread. Does not throw: a log that fails must not fail the work.
    func write(_ line: LogLine)
}

/// Standard output, one `write` a line, so that lines of several threads never mix.
public final class StandardOutputSink: LogSink {
    /// The process's standard output.
    public static let shared = StandardOutputSink()
    private let level = Mutex(LogLevel.info)

    /// The least level that is written; `info` until it is set.
    public var minimum: LogLevel { level.withLock { $0 } }
    /// Sets the least level that is written.
    public func setMinimum(_ new: LogLevel) { level.withLock { $0 = new } }

    public func write(_ line: LogLine) {
        var text = line.json
        text.append("\n")
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let base = rest.baseAddress, !rest.isEmpty {
                let count = Glibc.write(1, base, rest.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}

/// Keeps lines in memory, for tests.
public final class MemoryLogSink: LogSink {
    private let stored = Mutex<[LogLine]>([])
    /// Everything is kept.
    public let minimum = LogLevel.debug
    public init() {}
    /// The lines so far, oldest first.
    public var lines: [LogLine] { stored.withLock { $0 } }
    public func write(_ line: LogLine) { stored.withLock { $0.append(line) } }
}

/// Words for the person at the terminal, beside the log.
public enum StandardError {
    /// Writes a line.
    public static func write(_ line: String) {
        var text = line + "\n"
        text.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
