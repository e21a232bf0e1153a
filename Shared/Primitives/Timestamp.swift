public import FoundationEssentials

extension Date {
    /// The date as RFC 3339 in UTC with milliseconds, as in `2026-01-31T09:05:07.250Z`.
    ///
    /// Whole-number arithmetic (days to a civil date as in Howard Hinnant's `civil_from_days`): a formatter is slower by
    /// far in a log line, and may cut a millisecond off.
    public var rfc3339: String {
        let total = milliseconds
        let days = total.flooringDivision(by: 86_400_000)
        let rest = total - days * 86_400_000
        let shifted = days + 719_468
        let era = shifted.flooringDivision(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        func put(_ value: Int64, _ digits: Int, _ after: Character) {
            var divisor: Int64 = 1
            for _ in 1..<digits { divisor *= 10 }
            while divisor > 0 {
                text.append(UInt8(48 + value / divisor % 10))
                divisor /= 10
            }
            text.append(after.asciiValue ?? 0)
        }
        put(year, 4, "-")
        put(month, 2, "-")
        put(day, 2, "T")
        put(rest / 3_600_000, 2, ":")
        put(rest / 60_000 % 60, 2, ":")
        put(rest / 1000 % 60, 2, ".")
        put(rest % 1000, 3, "Z")
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads RFC 3339 with `Z` or a numeric offset, with or without a fraction; `nil` where it is anything else.
    public init?(rfc3339 text: String) {
        let utf8 = text.utf8
        guard utf8.count >= 20, utf8.count <= 40 else { return nil }
        let hasFraction = utf8.contains(UInt8(ascii: "."))
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
        guard let date = try? style.parse(text) else { return nil }
        self = date
    }

    /// Whole milliseconds since 1970.
    public var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }

    /// A date from whole milliseconds since 1970.
    public init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

extension Duration {
    /// The duration in whole milliseconds, rounded down.
    public var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

    /// The duration in seconds.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Int64 {
    fileprivate func flooringDivision(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
