import FoundationEssentials
import HTTP
import Primitives

/// A span of whole hours: `from` rounded down, `to` rounded up, so that what it counts is exact.
struct Period: Sendable, Equatable {
    /// In days.
    static let longest = 366.0

    let from: Date
    /// Not included.
    let to: Date

    /// Reads `from` and `to`; the last seven days by default.
    /// - Throws: `Problem` 400.
    init(_ query: QueryItems, now: Date = Date()) throws {
        func time(_ name: String) throws -> Date? {
            guard let text = query[name] else { return nil }
            guard let date = Date(rfc3339: text) else {
                throw Problem.invalid(field: name, reason: "must be a time as in 2026-01-31T00:00:00Z")
            }
            return date
        }
        let end = try time("to") ?? now
        try self.init(from: try time("from") ?? end.addingTimeInterval(-7 * 86_400), to: end)
    }

    init(from: Date, to: Date) throws {
        guard from < to else { throw Problem.invalid(field: "from", reason: "must be before to") }
        self.from = Date(timeIntervalSince1970: (from.timeIntervalSince1970 / 3600).rounded(.down) * 3600)
        self.to = Date(timeIntervalSince1970: (to.timeIntervalSince1970 / 3600).rounded(.up) * 3600)
        guard self.to.timeIntervalSince(self.from) <= Self.longest * 86_400 else {
            throw Problem.invalid(field: "from", reason: "must be at most \(Int(Self.longest)) days before to")
        }
    }
}
