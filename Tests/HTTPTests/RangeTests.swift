import HTTP
import Testing

struct RangeTests {
    @Test(arguments: [
        ("bytes=0-9", 0, 10), ("bytes=90-", 90, 10), ("bytes=-5", 95, 5), ("bytes=-500", 0, 100),
        ("bytes=0-999", 0, 100),
        ("Bytes = 5-5", -1, 0), ("BYTES=5-5", 5, 1), ("bytes=0-4,5-9", 0, 10), ("bytes=5-9, 0-6", 0, 10),
        ("bytes=0-0,200-300", 0, 1),
    ])
    func readsParts(field: String, offset: Int64, length: Int64) {
        let expected: ByteRange.Request = offset < 0 ? .whole : .part(ByteRange(offset: offset, length: length))
        #expect(ByteRange.parse(field, size: 100) == expected)
    }

    @Test(arguments: ["bytes=", "bytes=a-b", "items=0-1", "bytes=9-5", "bytes=--5", "bytes=0-1,9-10", "0-1", "bytes=-"])
    func answersAllOfIt(field: String) { #expect(ByteRange.parse(field, size: 100) == .whole) }

    @Test(arguments: ["bytes=100-", "bytes=200-300", "bytes=-0", "bytes=99999999999999999999-"])
    func isUnsatisfiable(field: String) { #expect(ByteRange.parse(field, size: 100) == .unsatisfiable) }

    @Test func aFloodIsOneAnswer() {
        let flood = "bytes=" + (0..<400).map { "\($0)-" }.joined(separator: ",")
        #expect(ByteRange.parse(flood, size: 1000) == .part(ByteRange(offset: 0, length: 1000)))
        #expect(ByteRange.parse("bytes=" + String(repeating: "0-,", count: 2000), size: 1000) == .whole)
        #expect(ByteRange.parse("bytes=0-", size: 0) == .unsatisfiable)
    }

    @Test func evaluatesPreconditions() {
        let tag = "\"abc\""
        #expect(Preconditions.evaluate(["If-None-Match": "\"x\", W/\"abc\""], tag: tag) == .notModified)
        #expect(Preconditions.evaluate(["If-None-Match": "*"], tag: tag) == .notModified)
        #expect(Preconditions.evaluate(["If-Match": "\"x\""], tag: tag) == .failed)
        #expect(Preconditions.evaluate(["If-Match": "W/\"abc\""], tag: tag) == .failed)
        #expect(Preconditions.evaluate(["If-Match": tag, "If-None-Match": "\"y\""], tag: tag) == .proceed)
        #expect(Preconditions.rangeCounts(["If-Range": tag], tag: tag))
        #expect(!Preconditions.rangeCounts(["If-Range": "Sat, 31 Jan 2026 09:05:07 GMT"], tag: tag))
    }

    @Test(arguments: [
        ("a.mp4", "inline; filename=\"a.mp4\""),
        ("Zoë \"x\".png", "inline; filename=\"Zo_ _x_.png\"; filename*=UTF-8''Zo%C3%AB%20%22x%22.png"),
        ("../e\u{202E}tc\r\n/x", "inline; filename=\"..etcx\""),
    ])
    func writesDispositions(name: String, field: String) {
        #expect(ContentDisposition.field(.inline, filename: name) == field)
    }
}
