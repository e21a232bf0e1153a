import FoundationEssentials

/// A part of each day in which no mail is sent.
struct QuietHours: Sendable, Codable, Equatable {
    /// `HH:MM`, local time.
    let start: String
    /// `HH:MM`, local time; before `start` where the hours go over midnight.
    let end: String
    /// Local time minus UTC, minutes.
    let utcOffsetMinutes: Int

    /// Minutes since midnight.
    static func minutes(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hours = Int(parts[0]),
            let minutes = Int(parts[1]), (0..<24).contains(hours), (0..<60).contains(minutes)
        else { return nil }
        return hours * 60 + minutes
    }

    /// The end of the quiet hours that `now` lies in; `nil` where it lies in none.
    func end(after now: Date) -> Date? {
        guard let start = Self.minutes(start), let end = Self.minutes(end), start != end else { return nil }
        let seconds = now.timeIntervalSince1970 + Double(utcOffsetMinutes * 60)
        let day = (seconds / 86_400).rounded(.down) * 86_400
        let minute = (seconds - day) / 60
        let isQuiet =
            start < end
            ? minute >= Double(start) && minute < Double(end)
            : minute >= Double(start) || minute < Double(end)
        guard isQuiet else { return nil }
        let remaining = (Double(end) - minute + 1440).truncatingRemainder(dividingBy: 1440)
        return now.addingTimeInterval(remaining * 60)
    }
}
