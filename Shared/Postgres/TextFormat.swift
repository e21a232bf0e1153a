internal import FoundationEssentials
internal import Primitives

/// The text forms of Postgres that Swift's standard library does not know (PostgreSQL documentation, chapter 8).
enum TextFormat {
    static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// A date as `2026-01-31 09:05:07.250000+00`.
    static func timestamp(_ date: Date) -> String {
        let limit = 9.2e18  // Microseconds that fit an Int64; about the year 293,000.
        let micros = Int64((date.timeIntervalSince1970 * 1e6).rounded().clamped(to: -limit...limit))
        let seconds = micros.floorDivided(by: 1_000_000)
        let days = seconds.floorDivided(by: 86_400)
        let (year, month, day) = civil(days: days)
        let second = seconds - days * 86_400
        // Postgres has no year 0: the year before 1 AD is 1 BC.
        let text =
            padded(year > 0 ? year : 1 - year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + " "
            + padded(second / 3600, 2) + ":" + padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2) + "."
            + padded(micros - seconds * 1_000_000, 6) + "+00"
        return year > 0 ? text : text + " BC"
    }

    /// Reads `2026-01-31 09:05:07.25+00`, also without time or zone.
    static func date(timestamp bytes: UnsafeBufferPointer<UInt8>) -> Date? {
        var scanner = Scanner(bytes: bytes)
        guard let year = scanner.number(), scanner.take("-"), let month = scanner.number(), scanner.take("-"),
            let day = scanner.number(), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var micros: Int64 = 0
        if scanner.take(" ") {
            guard let hour = scanner.number(), scanner.take(":"), let minute = scanner.number(), scanner.take(":"),
                let second = scanner.number()
            else { return nil }
            micros = (hour * 3600 + minute * 60 + second) * 1_000_000
            if scanner.take(".") {
                guard let fraction = scanner.fraction(digits: 6) else { return nil }
                micros += fraction
            }
            let isWest = scanner.take("-")
            if isWest || scanner.take("+") {
                guard let hours = scanner.number() else { return nil }
                var offset = hours * 3600
                if scanner.take(":") { offset += (scanner.number() ?? 0) * 60 }
                if scanner.take(":") { offset += scanner.number() ?? 0 }
                micros -= (isWest ? -offset : offset) * 1_000_000
            }
        }
        guard scanner.isAtEnd else { return nil }
        let days = dayNumber(year: year, month: month, day: day)
        return Date(timeIntervalSince1970: Double(days) * 86_400 + Double(micros) / 1e6)
    }

    /// An array literal of one dimension.
    static func array(_ elements: [PostgresParameter]) -> String {
        var text = "{"
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            switch element {
            case .null: text += "NULL"
            case .binary(let data): text += "\"\\\\x\(data.hex)\""
            case .text(let value):
                text += "\""
                for scalar in value.unicodeScalars {
                    if scalar == "\"" || scalar == "\\" { text += "\\" }
                    text.unicodeScalars.append(scalar)
                }
                text += "\""
            }
        }
        return text + "}"
    }

    /// The elements of an array literal of one dimension, `nil` for NULL; `nil` where it is malformed or nested.
    static func elements(array bytes: UnsafeBufferPointer<UInt8>) -> [[UInt8]?]? {
        guard bytes.count >= 2, bytes[0] == UInt8(ascii: "{"), bytes[bytes.count - 1] == UInt8(ascii: "}") else {
            return nil
        }
        if bytes.count == 2 { return [] }
        var elements: [[UInt8]?] = []
        var current: [UInt8] = []
        var isQuoted = false
        var wasQuoted = false
        var index = 1
        func finish() {
            let isNull = !wasQuoted && String(decoding: current, as: UTF8.self) == "NULL"
            elements.append(isNull ? nil : current)
            current = []
            wasQuoted = false
        }
        while index < bytes.count - 1 {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\\"):
                index += 1
                guard index < bytes.count - 1 else { return nil }
                current.append(bytes[index])
            case UInt8(ascii: "\""):
                isQuoted.toggle()
                wasQuoted = true
            case UInt8(ascii: ",") where !isQuoted: finish()
            case UInt8(ascii: "{") where !isQuoted, UInt8(ascii: "}") where !isQuoted: return nil
            default: current.append(byte)
            }
            index += 1
        }
        guard !isQuoted else { return nil }
        finish()
        return elements
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms", `civil_from_days`).
    static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// The day counted from 1970-01-01 (the same source, `days_from_civil`).
    static func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.floorDivided(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// Takes numbers and marks off the front of a text.
    private struct Scanner {
        let bytes: UnsafeBufferPointer<UInt8>
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ mark: Unicode.Scalar) -> Bool {
            guard index < bytes.count, UInt32(bytes[index]) == mark.value else { return false }
            index += 1
            return true
        }

        mutating func number() -> Int64? {
            let start = index
            var value: Int64 = 0
            while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39, index - start < 8 {
                value = value * 10 + Int64(bytes[index] - 0x30)
                index += 1
            }
            return index > start ? value : nil
        }

        mutating func fraction(digits: Int) -> Int64? {
            let start = index
            guard var value = number(), index - start <= digits else { return nil }
            for _ in (index - start)..<digits { value *= 10 }
            return value
        }
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        isNaN ? 0 : min(max(self, range.lowerBound), range.upperBound)
    }
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
