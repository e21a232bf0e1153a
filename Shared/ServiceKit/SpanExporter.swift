internal import FoundationEssentials
internal import HTTP
public import Lifecycle
public import NetworkClient
internal import Primitives
internal import Synchronization
public import Telemetry

/// Sends finished spans in batches by OTLP/HTTP in its JSON encoding. It never holds work up: what the collector does
/// not take in time is dropped and counted.
public final class SpanExporter: Service {
    public let name = "span exporter"
    private let endpoint: String
    private let http: HTTPClient
    private let metrics: MetricsRegistry
    private let waiting = Mutex<[Span]>([])
    private let stopping = AsyncTrigger()
    private static let bound = 10_000

    /// - Parameter endpoint: the collector's URL, with its path.
    public init(endpoint: String, http: HTTPClient, metrics: MetricsRegistry) {
        self.endpoint = endpoint
        self.http = http
        self.metrics = metrics
        drop(0)
    }

    /// Makes an exporter and hands it the process's spans from now on, except those of probes: they come every few seconds,
    /// for ever, and nobody looks for them.
    /// - Parameter endpoint: the collector's URL, with its path.
    public static func install(endpoint: String, http: HTTPClient, metrics: MetricsRegistry) -> SpanExporter {
        let exporter = SpanExporter(endpoint: endpoint, http: http, metrics: metrics)
        SpanExport.install { span in
            if !span.name.contains(" /health/"), !span.name.hasSuffix(" /metrics") { exporter.add(span) }
        }
        return exporter
    }

    /// Takes a span; returns at once.
    public func add(_ span: Span) {
        let isDropped = waiting.withLock { waiting in
            if waiting.count >= Self.bound { return true }
            waiting.append(span)
            return false
        }
        if isDropped { drop(1) }
    }

    public func run() async throws { await stopping.untilFired(every: .milliseconds(500)) { await flush() } }

    public func stop() async { stopping.fire() }

    private func flush() async {
        while true {
            let batch = waiting.withLock { waiting in
                let batch = Array(waiting.prefix(500))
                waiting.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty else { return }
            do {
                var request = HTTPClientRequest(.POST, endpoint, timeout: .seconds(5))
                request.headers.set("Content-Type", "application/json")
                request.body = .data(try JSON.encode(OTLP.Document(batch)))
                // The export of spans makes no span of its own.
                let answer = try await Trace.$current.withValue(nil) { try await self.http.execute(request) }
                _ = try await answer.data(upTo: 65_536)
                if answer.status.rawValue >= 400 { drop(batch.count) }
            } catch {
                drop(batch.count)
                return
            }
        }
    }

    private func drop(_ count: Int) {
        metrics.count("telemetry_spans_dropped_total", "Spans that no collector took.", by: Double(count))
    }
}

/// The JSON of OTLP's `ExportTraceServiceRequest` (OpenTelemetry protocol 1.x).
enum OTLP {
    struct Document: Encodable {
        let resourceSpans: [ResourceSpans]

        init(_ spans: [Telemetry.Span]) {
            resourceSpans = Dictionary(grouping: spans, by: \.service).sorted { $0.key < $1.key }.map { name, spans in
                ResourceSpans(
                    resource: Resource(attributes: [Attribute("service.name", name)]),
                    scopeSpans: [ScopeSpans(scope: ["name": "atelier"], spans: spans.map(OTLP.Span.init))])
            }
        }
    }

    struct ResourceSpans: Encodable {
        let resource: Resource
        let scopeSpans: [ScopeSpans]
    }

    struct Resource: Encodable {
        let attributes: [Attribute]
    }

    struct ScopeSpans: Encodable {
        let scope: [String: String]
        let spans: [Span]
    }

    struct Attribute: Encodable {
        let key: String
        let value: [String: String]

        init(_ key: String, _ value: String) {
            self.key = key
            self.value = ["stringValue": value]
        }
    }

    struct Span: Encodable {
        let traceId: String
        let spanId: String
        let parentSpanId: String?
        let name: String
        let kind: Int
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [Attribute]
        let status: [String: Int]

        init(_ span: Telemetry.Span) {
            traceId = span.trace.traceID
            spanId = span.trace.spanID
            parentSpanId = span.parentID
            name = span.name
            kind = span.kind.rawValue
            startTimeUnixNano = String(UInt64(span.start.timeIntervalSince1970 * 1e6) * 1000)
            endTimeUnixNano = String(UInt64(span.end.timeIntervalSince1970 * 1e6) * 1000)
            attributes = span.attributes.sorted { $0.key < $1.key }.map { Attribute($0.key, $0.value) }
            status = span.failed ? ["code": 2] : [:]
        }
    }
}
