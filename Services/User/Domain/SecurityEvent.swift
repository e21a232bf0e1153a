import Telemetry

/// What may be an attack, counted for the alert `SecurityIncident` (OPS-075); who and from where stands in the audit log.
enum SecurityEvent: String, CaseIterable {
    case refreshReused = "refresh_reused"
    case signInFailed = "sign_in_failed"
    case signInThrottled = "sign_in_throttled"

    func count(by amount: Double = 1) {
        MetricsRegistry.shared.count(
            "security_events_total", "What may be an attack, by kind.", ["kind": rawValue], by: amount)
    }
}
