import FoundationEssentials
import HTTP
import Primitives
import Synchronization

/// Takes spans by OTLP/HTTP (JSON) and gives them back by trace: enough of a tracing system to show a journey.
final class TraceCollector: Sendable {
    struct Span: Codable, Sendable {
        let traceId: String
        let spanId: String
        let parentSpanId: String?
        let name: String
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        var service: String?
    }

    private struct Document: Decodable {
        struct ResourceSpans: Decodable {
            struct Resource: Decodable {
                struct Attribute: Decodable {
                    let key: String
                    let value: [String: String]
                }
                let attributes: [Attribute]
            }
            struct ScopeSpans: Decodable {
                let spans: [Span]
            }
            let resource: Resource
            let scopeSpans: [ScopeSpans]
        }
        let resourceSpans: [ResourceSpans]
    }

    private let traces = Mutex<(spans: [String: [Span]], order: [String])>(([:], []))
    private static let kept = 20_000

    func add(to routes: inout Router) {
        routes.post("/v1/traces") { request in
            let document = try await request.decode(Document.self, limit: 8 << 20)
            for resource in document.resourceSpans {
                let name = resource.resource.attributes.first { $0.key == "service.name" }?.value["stringValue"]
                for var span in resource.scopeSpans.flatMap(\.spans) {
                    span.service = name
                    self.keep(span)
                }
            }
            return try .json(.ok, [String: String]())
        }
        routes.get("/traces/{id}") { request in
            let id = try request.parameter("id")
            guard let spans = self.traces.withLock({ $0.spans[id] }) else { throw Problem.notFound("trace") }
            return try .json(.ok, ["spans": spans])
        }
    }

    private func keep(_ span: Span) {
        traces.withLock { traces in
            if traces.spans[span.traceId] == nil {
                traces.order.append(span.traceId)
                if traces.order.count > Self.kept { traces.spans[traces.order.removeFirst()] = nil }
            }
            if (traces.spans[span.traceId]?.count ?? 0) < 5_000 { traces.spans[span.traceId, default: []].append(span) }
        }
    }
}
