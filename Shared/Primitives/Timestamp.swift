public import FoundationEssentials

extension Date {
    /// The date as RFC 3339 in UTC with milliseconds, as in `2026-01-31T09:05:07.250Z`.
    public var rfc3339: String { formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z" }

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
