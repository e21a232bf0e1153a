public import FoundationEssentials
internal import Primitives

/// Dates of header fields.
public enum HTTPDate {
    /// `Sat, 31 Jan 2026 09:05:07 GMT` (RFC 9110 §5.6.7).
    public static func text(_ date: Date) -> String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let text = date.rfc3339
        let day = Int((date.timeIntervalSince1970 / 86_400).rounded(.down)) % 7
        let parts = text.prefix(10).split(separator: "-")
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(days[(day + 7) % 7]), \(parts[2]) \(month) \(parts[0]) \(text.dropFirst(11).prefix(8)) GMT"
    }
}
