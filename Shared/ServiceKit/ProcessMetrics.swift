internal import FoundationEssentials
internal import Glibc
public import Telemetry

/// The process's own numbers, with the names that Prometheus clients use.
public enum ProcessMetrics {
    /// Adds them to each scrape.
    public static func install(in registry: MetricsRegistry, service: String, version: String) {
        let start = Date().timeIntervalSince1970
        registry.onScrape { registry in
            registry.gauge(
                "atelier_build_info", "Version of this process.", ["service": service, "version": version], 1)
            registry.gauge("process_start_time_seconds", "Start of the process since 1970.", [:], start)
            registry.gauge("process_resident_memory_bytes", "Resident memory.", [:], residentBytes())
            registry.gauge("process_open_fds", "Open file descriptors.", [:], openDescriptors())
            registry.total("process_cpu_seconds_total", "Processor time used.", [:], processorSeconds())
        }
    }

    private static func residentBytes() -> Double {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Double(fields[1]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) : 0
    }

    private static func openDescriptors() -> Double {
        Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0)
    }

    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}
