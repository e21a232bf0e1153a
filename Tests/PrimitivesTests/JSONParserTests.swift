import FoundationEssentials
import Primitives
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSON.decode(JSONValue.self, from: text) }

    @Test func readsEveryKind() throws {
        let value = try parse(#" {"a":[1,-2.5,1e3,true,false,null,"x\"\\\/\b\f\n\r\tü\u00fc\ud83d\ude00"],"b":{}} "#)
        #expect(
            value == [
                "a": [1, -2.5, 1000, true, false, nil, "x\"\\/\u{8}\u{C}\n\r\tüü😀"], "b": [:],
            ])
        #expect(try parse("9223372036854775807") == .int(.max))
        #expect(try parse("9223372036854775808") == .double(9_223_372_036_854_775_808))
        #expect(try parse("1.0") == .int(1))
        #expect(try parse(#"{"a":1,"a":2}"#) == ["a": 2])
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "01", "+1", "1.", ".5", "1e", "-", "nul", "tru",
        "NaN",
        "Infinity", "1e999", "\"", "\"\n\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "[1] 2", "[1][2]", "'a'", "{\"a\":1,}", "[,1]", "\u{FEFF}1",
    ])
    func refusesWhatIsNoJSON(text: String) { #expect(throws: DecodingError.self) { try parse(text) } }

    @Test func refusesBytesThatAreNoUTF8AndEndlessDepth() {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]] {
            #expect(throws: DecodingError.self) { try JSON.decode(JSONValue.self, from: Data(bytes)) }
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: DecodingError.self) { try parse(deep) }
        #expect(throws: DecodingError.self) { try parse(String(repeating: "{\"a\":", count: 100_000)) }
        #expect(throws: Never.self) {
            try parse(String(repeating: "[", count: 512) + String(repeating: "]", count: 512))
        }
    }

    @Test func writesWhatItReads() throws {
        let value: JSONValue = [
            "b": [1, 2.5, -0.000001, 1e300, nil, true], "a": "\"\\/\n\r\t\u{1}\u{7F}ü😀", "": [:], "c": [[]],
        ]
        let text = try JSON.text(value)
        #expect(text.hasPrefix(#"{"":{},"a":"\"\\/\n\r\t\u0001"#))
        #expect(try parse(text) == value)
        #expect(throws: EncodingError.self) { try JSON.encode(JSONValue.double(.nan)) }
        // The same as what a typed value gives, and inside of one.
        struct Holder: Codable, Equatable { var any: JSONValue }
        let holder = Holder(any: value)
        let held = try JSON.encode(holder)
        #expect(try JSON.decode(Holder.self, from: held) == holder)
        #expect(try JSON.decode(JSONValue.self, from: held)["any"] == value)
    }

    /// Random documents survive the way there and back, and cut or changed ones never trap.
    @Test func randomDocuments() throws {
        var random = SystemRandomNumberGenerator()
        func make(_ depth: Int) -> JSONValue {
            switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &random) {
            case 0: return .null
            case 1: return .bool(.random())
            case 2: return .int(.random(in: .min ... .max))
            case 3: return .double(.random(in: -1...1))
            case 4: return .string(String((0..<Int.random(in: 0..<8)).map { _ in "aü\"\\\n😀".randomElement() ?? "x" }))
            case 5: return .array((0..<Int.random(in: 0..<4)).map { _ in make(depth + 1) })
            default:
                return .object(
                    Dictionary((0..<Int.random(in: 0..<4)).map { ("k\($0)", make(depth + 1)) }) { first, _ in first })
            }
        }
        for _ in 0..<500 {
            let value = make(0)
            let data = try JSON.encode(value)
            #expect(try JSON.decode(JSONValue.self, from: data) == value)
            var broken = Array(data)
            broken[Int.random(in: 0..<broken.count)] = .random(in: 0...255)
            _ = try? JSON.decode(JSONValue.self, from: Data(broken.prefix(.random(in: 0...broken.count))))
        }
    }
}
