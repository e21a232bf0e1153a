import FoundationEssentials
import HTTP

/// What a person wants to be told, and how.
struct Preferences: Sendable, Codable, Equatable {
    /// Whether notifications are kept in the product.
    var inApp = true
    /// Whether mail is sent at all.
    var email = true
    /// The kinds that are worth a mail.
    var emailKinds = ["run.succeeded", "run.failed", "publication.failed"]
    var quietHours: QuietHours?

    static let kinds = [
        "run.succeeded", "run.failed", "run.cancelled", "run.waiting", "job.succeeded", "job.failed",
        "publication.published", "publication.failed", "publication.unknown",
    ]

    /// - Throws: `Problem` 400 that names every faulty field.
    func check() throws {
        var faults: [(field: String, reason: String)] = []
        for (index, kind) in emailKinds.enumerated() where !Self.kinds.contains(kind) {
            faults.append(("emailKinds[\(index)]", "must be one of \(Self.kinds.joined(separator: ", "))"))
        }
        if emailKinds.count > Self.kinds.count { faults.append(("emailKinds", "has too many entries")) }
        if let quietHours {
            if QuietHours.minutes(quietHours.start) == nil { faults.append(("quietHours.start", "must be HH:MM")) }
            if QuietHours.minutes(quietHours.end) == nil { faults.append(("quietHours.end", "must be HH:MM")) }
            if !(-840...840).contains(quietHours.utcOffsetMinutes) {
                faults.append(("quietHours.utcOffsetMinutes", "must be from -840 to 840"))
            }
        }
        if !faults.isEmpty { throw Problem.invalid(faults) }
    }

    /// When a mail of a kind may go; `nil` where it is not wanted.
    func mailTime(kind: String, now: Date) -> Date? {
        guard email, emailKinds.contains(kind) else { return nil }
        return quietHours?.end(after: now) ?? now
    }
}
