internal import FoundationEssentials
internal import Primitives
internal import Telemetry

/// An error of the log as an event of Sentry's envelope protocol, without secrets and personal data.
struct ErrorReport: Sendable {
    let id = UUID.v7()
    let line: LogLine
    /// How often the same was logged since it was reported last, and not reported.
    var suppressed = 0

    /// What makes it the same error: who says it, what, and the kind of its cause.
    var fingerprint: [String] {
        let cause = cause ?? ""
        let kind = cause.prefix { $0.isLetter || $0 == "." || $0 == "_" || $0 == " " }
        return [line.service, line.message, String(kind.prefix(80))]
    }

    private var cause: String? {
        for name in ["error", "reason"] {
            if case .string(let text)? = line.fields[name] { return text }
        }
        return nil
    }

    /// The bytes that are posted: the header, the item's header, the event, each a line.
    /// - Throws: where it cannot be written as JSON.
    func envelope(_ scrubber: Scrubber, environment: String) throws -> Data {
        let hex = JSONValue.string(id.text.filter { $0 != "-" })
        let event = try JSON.encode(event(scrubber, hex, environment))
        let head: JSONValue = ["event_id": hex, "sent_at": .string(Date().rfc3339)]
        let item: JSONValue = [
            "type": "event", "content_type": "application/json", "length": .int(Int64(event.count)),
        ]
        return try JSON.encode(head) + Data("\n".utf8) + JSON.encode(item) + Data("\n".utf8) + event + Data("\n".utf8)
    }

    private func event(_ scrubber: Scrubber, _ id: JSONValue, _ environment: String) -> JSONValue {
        var extra: [String: JSONValue] = [:]
        var tags: [String: JSONValue] = ["service": .string(line.service)]
        var trace: [String: JSONValue] = [:]
        for (name, value) in line.fields {
            switch name {
            case "trace_id", "span_id": trace[name] = value.json
            case "request_id": tags[name] = value.json
            default: extra[name] = value.json
            }
        }
        if suppressed > 0 { extra["suppressed"] = .int(Int64(suppressed)) }
        var event: [String: JSONValue] = [
            "event_id": id, "timestamp": .string(line.timestamp.rfc3339), "platform": "other", "level": "error",
            "logger": .string(line.service), "release": .string("atelier@\(Version.current)"),
            "environment": .string(environment), "logentry": ["formatted": .string(line.message)],
            "fingerprint": .array(fingerprint.map { .string(scrubber.text($0)) }),
            "tags": scrubber.value(.object(tags)), "extra": scrubber.value(.object(extra)),
            "sdk": ["name": "atelier", "version": .string(Version.current)],
        ]
        if trace.count == 2 { event["contexts"] = ["trace": .object(trace)] }
        if let cause {
            event["exception"] = [
                "values": [["type": .string(line.message), "value": .string(scrubber.text(cause))]]
            ]
        }
        return .object(event)
    }
}

extension LogValue {
    fileprivate var json: JSONValue {
        switch self {
        case .string(let text): .string(String(text.prefix(2_000)))
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let isTrue): .bool(isTrue)
        }
    }
}
