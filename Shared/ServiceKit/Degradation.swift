public import FoundationEssentials
public import Telemetry

/// A brown-out that a service is in.
public struct Degradation: Sendable, Equatable {
    /// Which one.
    public let mode: BrownOut
    /// Since when.
    public let since: Date

    /// - Parameter since: `nil` where what is needed is there.
    public init?(_ mode: BrownOut, since: Date?) {
        guard let since else { return nil }
        self.mode = mode
        self.since = since
    }

    /// Tells at each scrape in which brown-outs the service is, those of `modes` that it is not in as 0.
    public static func install(
        in metrics: MetricsRegistry, of modes: [BrownOut] = BrownOut.all,
        _ present: @escaping @Sendable () -> [Degradation]
    ) {
        metrics.onScrape { metrics in
            let now = Set(present().map(\.mode))
            for mode in modes {
                metrics.gauge(
                    "service_degraded", "Whether the service does less because something that it needs is away.",
                    ["mode": mode.name], now.contains(mode) ? 1 : 0)
            }
        }
    }
}

extension Degradation: Encodable {
    private enum Key: String, CodingKey { case name, since, meaning }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(mode.name, forKey: .name)
        try fields.encode(since, forKey: .since)
        try fields.encode(mode.meaning, forKey: .meaning)
    }
}
