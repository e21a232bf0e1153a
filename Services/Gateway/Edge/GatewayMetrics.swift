/// The gateway's numbers as Prometheus text: RED by route template and the service that answers, and the state of each
/// service behind.
enum GatewayMetrics {
    static func text(door: Door, workers: [Worker]) -> String {
        var out = """
            # HELP http_server_requests_total Requests by route and class of status.
            # TYPE http_server_requests_total counter

            """
        let names =
            door.routes.routes.map {
                "route=\"\($0.methods.list.split(separator: ",")[0]) \($0.template)\",upstream=\"\($0.target.service)\""
            } + ["route=\"none\",upstream=\"gateway\""]
        let all = workers.map(\.stats.snapshot)
        let sums = names.indices.map { index in all.reduce(into: RouteStats.Entry()) { $0.add($1[index]) } }
        for (name, entry) in zip(names, sums) {
            for (digit, count) in entry.classes.enumerated() where count > 0 {
                out += "http_server_requests_total{\(name),status=\"\(digit)xx\"} \(count)\n"
            }
        }
        out += """
            # HELP http_server_request_duration_seconds Time from a request's head to the end of its answer.
            # TYPE http_server_request_duration_seconds histogram

            """
        for (name, entry) in zip(names, sums) where entry.classes.contains(where: { $0 > 0 }) {
            var sum: UInt64 = 0
            for (bound, count) in zip(RouteStats.bounds, entry.buckets) {
                sum += count
                out += "http_server_request_duration_seconds_bucket{\(name),le=\"\(bound)\"} \(sum)\n"
            }
            sum += entry.buckets.last ?? 0
            out += "http_server_request_duration_seconds_bucket{\(name),le=\"+Inf\"} \(sum)\n"
            out += "http_server_request_duration_seconds_sum{\(name)} \(Double(entry.total) / 1e9)\n"
            out += "http_server_request_duration_seconds_count{\(name)} \(sum)\n"
        }
        return out + gauges(door)
    }

    private static func gauges(_ door: Door) -> String {
        var out = """
            # HELP gateway_client_connections Clients that are connected.
            # TYPE gateway_client_connections gauge
            gateway_client_connections \(door.clients)
            # HELP gateway_rate_limit_entries Counts that the rate limits keep.
            # TYPE gateway_rate_limit_entries gauge
            gateway_rate_limit_entries \(door.limiter.count)
            # HELP gateway_access_log_dropped_total Lines that the log could not take.
            # TYPE gateway_access_log_dropped_total counter
            gateway_access_log_dropped_total \(door.log.dropped)
            # HELP gateway_upstream_connections Connections to a service.
            # TYPE gateway_upstream_connections gauge

            """
        for upstream in door.upstreams {
            out += "gateway_upstream_connections{upstream=\"\(upstream.name.text)\"} \(upstream.connections)\n"
        }
        out += """
            # HELP gateway_upstream_circuit_open Whether requests to a service are refused because it failed.
            # TYPE gateway_upstream_circuit_open gauge

            """
        for upstream in door.upstreams {
            let isOpen = upstream.breakerState == .closed ? 0 : 1
            out += "gateway_upstream_circuit_open{upstream=\"\(upstream.name.text)\"} \(isOpen)\n"
        }
        return out
    }
}

extension Route.Target {
    /// Who answers, and so whose promise a failure breaks; nobody's where it is not built (501).
    fileprivate var service: String {
        switch self {
        case .upstream(let name): name.text
        case .page: "gateway"
        case .notBuilt: "none"
        }
    }
}

extension RouteStats.Entry {
    fileprivate mutating func add(_ other: RouteStats.Entry) {
        for index in classes.indices { classes[index] += other.classes[index] }
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        total += other.total
    }
}
