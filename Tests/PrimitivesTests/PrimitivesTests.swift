import FoundationEssentials
import Primitives
import Testing

@Suite("Primitives")
struct PrimitivesTests {
    @Test("identifiers of version 7 grow, also within a millisecond, and know their time")
    func growing() throws {
        let before = Date()
        let ids = (0..<10_000).map { _ in UUID.v7().text }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        let time = try #require(UUID(uuidString: ids[0])?.v7Time)
        #expect(abs(time.timeIntervalSince(before)) < 5)
        #expect(UUID().v7Time == nil)
    }

    @Test("a derived identifier is the same for the same name only")
    func derived() {
        let space = UUID.v7()
        #expect(UUID.derived(from: space, "a/1") == UUID.derived(from: space, "a/1"))
        var seen: Set<UUID> = []
        for index in 0..<2_000 { seen.insert(.derived(from: space, "step/\(index)")) }
        seen.insert(.derived(from: .v7(), "step/0"))
        #expect(seen.count == 2_001)
    }

    @Test(
        "times are written with milliseconds and read back",
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("2026-01-31T09:05:07.250Z", 1_769_850_307_250),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999), ("1969-12-31T23:59:59.999Z", -1),
            ("2100-03-01T00:00:00.000Z", 4_107_542_400_000), ("0001-01-01T00:00:00.000Z", -62_135_596_800_000),
        ] as [(String, Int64)])
    func times(text: String, milliseconds: Int64) {
        #expect(Date(milliseconds: milliseconds).rfc3339 == text)
        if milliseconds >= 0 { #expect(Date(rfc3339: text)?.milliseconds == milliseconds) }
    }

    @Test(
        "times with offsets are read; what is no time is not",
        arguments: [
            ("2026-01-31T11:05:07+02:00", true), ("2026-01-31T09:05:07Z", true), ("2026-01-31", false), ("", false),
            ("2026-13-31T09:05:07Z", false), ("yesterday at noon, more or less", false),
        ])
    func readTimes(text: String, isTime: Bool) {
        #expect((Date(rfc3339: text) != nil) == isTime)
    }

    @Test("base64url is read strictly")
    func base64URL() {
        let data = Data([0xFB, 0xFF, 0x00, 0x7F])
        #expect(data.base64URL == "-_8Afw")
        #expect(Data(base64URL: "-_8Afw") == data)
        for wrong in ["-_8Afw==", "+/8Afw", "-_8Afx", "-_8Af", "é"] {
            #expect(Data(base64URL: wrong) == nil, "\(wrong)")
        }
    }

    @Test("hexadecimal goes both ways")
    func hex() {
        #expect(Data([0x00, 0xAB, 0xFF]).hex == "00abff")
        #expect(Data(hex: "00ABff") == Data([0x00, 0xAB, 0xFF]))
        #expect(Data(hex: "0") == nil)
        #expect(Data(hex: "0g") == nil)
    }

    @Test("any JSON keeps its shape")
    func json() throws {
        let text = #"{"a":[1,2.5,true,null,"x"],"b":{"c":-9007199254740993}}"#
        let value = try JSON.decode(JSONValue.self, from: text)
        #expect(try JSON.text(value) == text)
        #expect(value["b"]?["c"]?.intValue == -9_007_199_254_740_993)
        #expect(value["a"]?.arrayValue?.count == 5)
    }

    @Test("a deadline ends what takes too long, and lets through what does not")
    func deadline() async throws {
        #expect(try await withDeadline(.seconds(30), "quick") { 7 } == 7)
        await #expect(throws: DeadlineExceeded.self) {
            try await withDeadline(.milliseconds(10), "slow") { try await Task.sleep(for: .seconds(60)) }
        }
    }

    @Test("waits grow to their bound")
    func backoff() {
        let backoff = Backoff(base: .milliseconds(100), maximum: .seconds(1))
        for attempt in 0..<40 {
            let delay = backoff.delay(attempt: attempt)
            #expect(delay <= .seconds(1))
            #expect(delay >= min(.seconds(1), .milliseconds(100) * (1 << min(attempt, 10))) / 2)
        }
    }
}
