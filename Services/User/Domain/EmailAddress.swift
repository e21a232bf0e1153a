/// An address for mail, as far as it can be checked without sending to it.
struct EmailAddress: Sendable, Equatable {
    /// As it was given.
    let text: String
    /// What makes it unique: lower case, because no provider in use tells `A@x` from `a@x`.
    let key: String

    /// `nil` where it is no address: RFC 5321's lengths, one `@`, a dotted domain, no blanks and controls.
    init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard text.utf8.count <= 254, parts.count == 2, (1...64).contains(parts[0].utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && !$0.properties.isWhitespace }),
            !text.contains(where: { "\"<>(),;:\\[]".contains($0) }),
            !parts[0].hasPrefix("."), !parts[0].hasSuffix("."), !parts[0].contains("..")
        else { return nil }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2,
            labels.allSatisfy({ label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
            })
        else { return nil }
        self.text = text
        key = text.lowercased()
    }
}
