/// The name by which others see a person: 3 to 32 of `a–z`, digits, `.`, `_` and `-`, beginning with a letter or digit.
struct Username: Sendable, Equatable {
    /// As it was given.
    let text: String
    /// What makes it unique: lower case.
    let key: String

    init?(_ text: String) {
        guard (3...32).contains(text.utf8.count), let first = text.utf8.first, Self.isAlphanumeric(first),
            text.utf8.allSatisfy({ Self.isAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D })
        else { return nil }
        self.text = text
        key = text.lowercased()
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
