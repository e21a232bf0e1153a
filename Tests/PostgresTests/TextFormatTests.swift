import FoundationEssentials
import Primitives
import Testing

@testable import Postgres

@Suite struct TextFormatTests {
    private func date(_ text: String) -> Date? {
        Array(text.utf8).withUnsafeBufferPointer { TextFormat.date(timestamp: $0) }
    }

    private func elements(_ text: String) -> [String?]? {
        Array(text.utf8).withUnsafeBufferPointer { TextFormat.elements(array: $0) }?
            .map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    @Test func readsTimestampsWithAnyOffset() {
        let noon = Date(rfc3339: "2026-01-31T12:00:00Z")
        #expect(date("2026-01-31 12:00:00+00") == noon)
        #expect(date("2026-01-31 17:30:00+05:30") == noon)
        #expect(date("2026-01-31 08:30:00-03:30") == noon)
        #expect(date("2026-01-31") == Date(rfc3339: "2026-01-31T00:00:00Z"))
        #expect(date("2026-01-31 12:00:00.5+00")?.timeIntervalSince1970 == (noon?.timeIntervalSince1970 ?? 0) + 0.5)
    }

    @Test(arguments: [
        "", "infinity", "2026", "2026-13-01", "2026-01-31 12", "2026-01-31 12:00:00+00 BC", "x2026-01-01",
    ])
    func refusesWhatIsNoTimestamp(text: String) { #expect(date(text) == nil) }

    @Test(arguments: [-800_000, -1, 0, 10_957, 11_016, 19_782, 100_000] as [Int64])
    func daysAndDatesAreInverse(days: Int64) {
        let (year, month, day) = TextFormat.civil(days: days)
        #expect(TextFormat.dayNumber(year: year, month: month, day: day) == days)
    }

    @Test func arraysKeepEveryText() {
        let texts = ["", "a b", "\"", "\\", "{,}", "NULL", "null", "ü"]
        let literal = TextFormat.array(texts.map { .text($0) } + [.null])
        #expect(elements(literal) == texts.map { $0 } + [nil])
        #expect(elements("{}") == [])
        for bad in ["", "{", "{{1}}", "{\"a}", "a"] { #expect(elements(bad) == nil) }
    }
}
