import Synchronization
import Telemetry
import Testing

@Suite("Telemetry", .serialized)
struct TelemetryTests {
    @Test(
        "trace contexts are read strictly",
        arguments: [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false), ("", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
        ])
    func traceparent(text: String, isGood: Bool) {
        #expect((Trace(traceparent: text) != nil) == isGood)
        if isGood { #expect(Trace(traceparent: text)?.traceparent == text) }
    }

    @Test("a span is a child of what is around it, and is told when it ends")
    func spans() async throws {
        let seen = Seen()
        SpanExport.install { seen.add($0) }
        let root = Trace.root()
        await withSpan("outer", service: "s", parent: root) { outer in
            await withSpan("inner", service: "s") { inner in
                #expect(inner.traceID == root.traceID && inner.spanID != outer.spanID)
            }
        }
        let spans = seen.all.filter { $0.trace.traceID == root.traceID }
        #expect(spans.map(\.name) == ["inner", "outer"])
        #expect(spans[0].parentID == spans[1].trace.spanID)
        #expect(spans[1].parentID == root.spanID)
    }

    @Test("a trace that is not sampled is handed on and told to nobody; one that begins here is sampled")
    func unsampled() async throws {
        let seen = Seen()
        SpanExport.install { seen.add($0) }
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-00"
        let parent = try #require(Trace(traceparent: text))
        await withSpan("quiet", service: "s", parent: parent) { trace in
            #expect(trace.traceparent.hasPrefix("00-\(parent.traceID)-") && trace.traceparent.hasSuffix("-00"))
            await withSpan("quieter", service: "s") { #expect(!$0.sampled && $0.traceID == parent.traceID) }
        }
        await Trace.$current.withValue(nil) {
            await withSpan("told", service: "s") { #expect($0.traceparent.hasSuffix("-01")) }
        }
        #expect(!seen.all.contains { $0.trace.traceID == parent.traceID })
        #expect(seen.all.contains { $0.name == "told" })
    }

    @Test("who takes spans can be asked for as often as there are spans")
    func asksOften() async {
        let seen = Seen()
        SpanExport.install { seen.add($0) }
        let asked = (0..<300_000).filter { _ in SpanExport.isInstalled }.count
        await withSpan("last", service: "s", parent: .root()) { _ in }
        #expect(asked == 300_000 && seen.all.map(\.name) == ["last"])
    }

    private final class Seen: Sendable {
        private let spans = Mutex<[Span]>([])
        var all: [Span] { spans.withLock { $0 } }
        func add(_ span: Span) { spans.withLock { $0.append(span) } }
    }

    @Test("a log line is one JSON object, whatever stands in it")
    func lines() throws {
        let sink = MemoryLogSink()
        let logger = Logger(service: "s", sink: sink).with(["agent": "voice"])
        logger.info("a message", ["text": "quote \" back \\ line\nend\u{1}", "count": 7, "isOn": true])
        let line = try #require(sink.lines.first).json
        #expect(!line.contains("\n"))
        #expect(line.contains(#""text":"quote \" back \\ line\nend\u0001""#))
        #expect(line.contains(#""agent":"voice""#) && line.contains(#""count":7"#) && line.contains(#""isOn":true"#))
    }

    @Test("numbers are written as Prometheus reads them")
    func metrics() {
        let registry = MetricsRegistry()
        registry.count("jobs_total", "Jobs.", ["kind": "a\"b"])
        registry.count("jobs_total", "Jobs.", ["kind": "a\"b"], by: 2)
        registry.observe("wait_seconds", "Waits.", [:], 0.02, buckets: [0.01, 0.1])
        registry.onScrape { $0.gauge("open", "Open.", [:], 4) }
        // What has not happened yet is there too: else the first time is no step that an alert could see.
        registry.count("rare_total", "Rare.", by: 0)
        registry.total("used_seconds_total", "Used.", [:], 2)
        registry.total("used_seconds_total", "Used.", [:], 2.5)
        let text = registry.text()
        #expect(text.contains("jobs_total{kind=\"a\\\"b\"} 3\n"))
        #expect(
            text.contains("wait_seconds_bucket{le=\"0.01\"} 0\n")
                && text.contains("wait_seconds_bucket{le=\"0.1\"} 1\n"))
        #expect(text.contains("wait_seconds_bucket{le=\"+Inf\"} 1\n") && text.contains("wait_seconds_count 1\n"))
        #expect(text.contains("\nrare_total 0\n"))
        #expect(text.contains("# TYPE used_seconds_total counter\nused_seconds_total 2.5\n"))
        #expect(text.contains("# TYPE open gauge\nopen 4\n"))
    }
}
