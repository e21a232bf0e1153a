public import FoundationEssentials
internal import Synchronization

/// The W3C trace context of the work at hand, task-local: it goes into log lines, HTTP calls, outbox rows and events.
public struct Trace: Sendable, Hashable {
    /// 32 hexadecimal digits, not all zero.
    public let traceID: String
    /// 16 hexadecimal digits, not all zero.
    public let spanID: String
    /// The flag `sampled` of `traceparent`: whether the trace's spans are exported. It is handed on as it came; a trace
    /// that begins here is sampled.
    public let sampled: Bool
    /// The `X-Request-Id` of the request that this work serves.
    public var requestID: String?

    /// The trace of the task at hand; `nil` outside of any.
    @TaskLocal public static var current: Trace?

    /// - Parameters:
    ///   - traceID: 32 hexadecimal digits, lower case; not checked here.
    ///   - spanID: 16 hexadecimal digits, lower case; not checked here.
    public init(traceID: String, spanID: String, sampled: Bool = true, requestID: String? = nil) {
        self.traceID = traceID
        self.spanID = spanID
        self.sampled = sampled
        self.requestID = requestID
    }

    /// A new trace with a new span.
    public static func root(requestID: String? = nil) -> Trace {
        Trace(traceID: hex(16), spanID: hex(8), requestID: requestID)
    }

    /// A new span in the same trace.
    public func child() -> Trace {
        Trace(traceID: traceID, spanID: Self.hex(8), sampled: sampled, requestID: requestID)
    }

    /// The header `traceparent` (W3C Trace Context, level 1).
    public var traceparent: String { "00-\(traceID)-\(spanID)-\(sampled ? "01" : "00")" }

    /// Reads `traceparent`; `nil` where it is malformed, of version `ff`, or all zeros.
    public init?(traceparent: String, requestID: String? = nil) {
        let utf8 = Array(traceparent.utf8)
        guard utf8.count >= 55, utf8.count <= 512 else { return nil }
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            Self.isHex(parts[0], 2), Self.isHex(parts[1], 32), Self.isHex(parts[2], 16), Self.isHex(parts[3], 2),
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        self.init(
            traceID: String(parts[1]), spanID: String(parts[2]),
            sampled: (UInt8(parts[3], radix: 16) ?? 0) & 1 == 1, requestID: requestID)
    }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func hex(_ bytes: Int) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text = String(decoding: (0..<bytes * 2).map { _ in digits.randomElement() ?? 0x31 }, as: UTF8.self)
        if text.allSatisfy({ $0 == "0" }) { text = "1" + text.dropFirst() }
        return text
    }
}

/// Which side of a call a span is, with OpenTelemetry's numbers.
public enum SpanKind: Int, Sendable {
    /// Work within a process, or one side of a call or of an event.
    case `internal` = 1, server, client, producer, consumer
}

/// A finished span: one named piece of work in a trace.
public struct Span: Sendable {
    /// The trace and the span's own id.
    public let trace: Trace
    /// The span that this one is part of; `nil` at the root.
    public let parentID: String?
    /// The process that did the work.
    public let service: String
    /// What was done: `GET /projects/{id}`; never holds an id.
    public let name: String
    /// When it began.
    public let start: Date
    /// When it ended.
    public let end: Date
    /// Names of OpenTelemetry's semantic conventions, and their values.
    public let attributes: [String: String]
    /// Which side of a call it is.
    public let kind: SpanKind
    /// It ended by an error.
    public let failed: Bool

    /// A span that has ended.
    public init(
        trace: Trace, parentID: String?, service: String, name: String, start: Date, end: Date,
        attributes: [String: String] = [:], kind: SpanKind = .internal, failed: Bool
    ) {
        self.trace = trace
        self.parentID = parentID
        self.service = service
        self.name = name
        self.start = start
        self.end = end
        self.attributes = attributes
        self.kind = kind
        self.failed = failed
    }
}

/// Takes finished spans of sampled traces; set once at the start of the process.
public enum SpanExport {
    // A structure, for a function as such does not belong into a `Mutex`: each look at it would wrap it once more (Swift
    // 6.3), so that calls become slower and slower, until one has no stack left.
    private struct Sink {
        let take: @Sendable (Span) -> Void
    }
    private static let sink = Mutex<Sink?>(nil)

    /// Hands every sampled span that ends from now on to `handler`, which must return at once.
    public static func install(_ handler: @escaping @Sendable (Span) -> Void) {
        sink.withLock { $0 = Sink(take: handler) }
    }
    /// Whether anybody takes spans. What serves a span alone need not be made otherwise.
    public static var isInstalled: Bool { sink.withLock { $0 != nil } }
    /// Hands a span over, or drops it where its trace is not sampled. Where nothing is installed it is not even made.
    public static func record(_ span: @autoclosure () -> Span) {
        guard let sink = sink.withLock({ $0 }) else { return }
        let span = span()
        if span.trace.sampled { sink.take(span) }
    }
}

/// Runs a piece of work as a span: a child of `parent` or of the current trace, or the root of a new one. Name and
/// attributes are asked for at its end, and only where somebody takes spans.
public func withSpan<T>(
    _ name: @autoclosure () -> String, service: String, parent: Trace? = nil,
    attributes: @autoclosure () -> [String: String] = [:], kind: SpanKind = .internal,
    isolation: isolated (any Actor)? = #isolation, _ body: (Trace) async throws -> T
) async rethrows -> T {
    let above = parent ?? Trace.current
    let trace = above?.child() ?? .root()
    let start = Date()
    func record(failed: Bool) {
        SpanExport.record(
            Span(
                trace: trace, parentID: above?.spanID, service: service, name: name(), start: start, end: Date(),
                attributes: attributes(), kind: kind, failed: failed))
    }
    do {
        let result = try await Trace.$current.withValue(trace) { try await body(trace) }
        record(failed: false)
        return result
    } catch {
        record(failed: true)
        throw error
    }
}
