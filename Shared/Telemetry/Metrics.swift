internal import Synchronization

/// The numbers of this process, written as Prometheus text (version 0.0.4).
///
/// Names carry base units (`_seconds`, `_bytes`, `_total`); labels are route templates and kinds, never ids.
public final class MetricsRegistry: Sendable {
    /// The registry of the process, which `/metrics` writes.
    public static let shared = MetricsRegistry()

    fileprivate struct Family {
        let help: String
        let kind: String
        var series: [String: Series] = [:]
        let buckets: [Double]
    }

    fileprivate struct Series {
        var value = 0.0
        var counts: [UInt64] = []
        var count: UInt64 = 0
    }

    /// Buckets in seconds for work that takes from a moment to an hour.
    public static let longBuckets: [Double] = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]

    private let families = Mutex<[String: Family]>([:])
    private let collectors = Mutex<[@Sendable (MetricsRegistry) -> Void]>([])
    /// More label sets than this in a family are dropped, so that a mistake cannot fill the memory.
    private let seriesLimit = 2000

    public init() {}

    /// Runs `collector` before each scrape, to set gauges from present state.
    public func onScrape(_ collector: @escaping @Sendable (MetricsRegistry) -> Void) {
        collectors.withLock { $0.append(collector) }
    }

    /// Adds to a counter. Where what it counts is rare, begin with `by: 0`: Prometheus does not see the step of a counter
    /// that appears with its first event.
    public func count(_ name: String, _ help: String, _ labels: [String: String] = [:], by amount: Double = 1) {
        update(name, help, "counter", labels) { $0.value += amount }
    }

    /// Sets a counter to what somebody else has counted since the process began.
    public func total(_ name: String, _ help: String, _ labels: [String: String] = [:], _ value: Double) {
        update(name, help, "counter", labels) { $0.value = value }
    }

    /// Sets a gauge.
    public func gauge(_ name: String, _ help: String, _ labels: [String: String] = [:], _ value: Double) {
        update(name, help, "gauge", labels) { $0.value = value }
    }

    /// Observes a duration in seconds (or another quantity, with its own `buckets`) in a histogram.
    public func observe(
        _ name: String, _ help: String, _ labels: [String: String] = [:], _ value: Double,
        buckets: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300]
    ) {
        update(name, help, "histogram", labels, buckets) { series in
            if series.counts.isEmpty { series.counts = Array(repeating: 0, count: buckets.count) }
            if let index = buckets.firstIndex(where: { value <= $0 }) { series.counts[index] += 1 }
            series.count += 1
            series.value += value
        }
    }

    private func update(
        _ name: String, _ help: String, _ kind: String, _ labels: [String: String], _ buckets: [Double] = [],
        _ change: (inout Series) -> Void
    ) {
        let key = labels.isEmpty ? "" : Self.text(labels)
        families.withLock { all in
            let isNew = all[name]?.series[key] == nil
            if isNew, (all[name]?.series.count ?? 0) >= seriesLimit { return }
            change(&all[name, default: Family(help: help, kind: kind, buckets: buckets)].series[key, default: Series()])
        }
    }

    /// The present numbers as Prometheus text.
    public func text() -> String {
        for collector in collectors.withLock({ $0 }) { collector(self) }
        let snapshot = families.withLock { $0 }
        var out = ""
        for (name, family) in snapshot.sorted(by: { $0.key < $1.key }) {
            out += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                guard family.kind == "histogram" else {
                    out += name + (labels.isEmpty ? "" : "{\(labels)}") + " \(Self.number(series.value))\n"
                    continue
                }
                let prefix = labels.isEmpty ? "" : labels + ","
                var sum: UInt64 = 0
                for (bound, count) in zip(family.buckets, series.counts) {
                    sum += count
                    out += "\(name)_bucket{\(prefix)le=\"\(Self.number(bound))\"} \(sum)\n"
                }
                out += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(series.count)\n"
                let suffix = labels.isEmpty ? "" : "{\(labels)}"
                out += "\(name)_sum\(suffix) \(Self.number(series.value))\n\(name)_count\(suffix) \(series.count)\n"
            }
        }
        return out
    }

    private static func text(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { key, value in
            let escaped = value.flatMap { character -> String in
                switch character {
                case "\\": "\\\\"
                case "\"": "\\\""
                case "\n": "\\n"
                default: String(character)
                }
            }
            return "\(key)=\"\(String(escaped))\""
        }.joined(separator: ",")
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
