/// Which passwords are taken (OWASP ASVS 5.0, 6.2): length counts, composition does not, common ones are refused.
struct PasswordPolicy: Sendable {
    /// In characters.
    static let shortest = 8
    /// In bytes of UTF-8. Longer ones are refused, never cut.
    static let longest = 1024

    private let common: Set<String>

    /// - Parameter list: common passwords, lower case, one a line.
    init(list: String) { common = Set(list.split(whereSeparator: \.isNewline).map(String.init)) }

    /// Why the password is refused; `nil` where it is taken.
    func fault(_ password: String, email: EmailAddress?, username: Username?) -> String? {
        if password.count < Self.shortest { return "must have at least \(Self.shortest) characters" }
        if password.utf8.count > Self.longest { return "may have \(Self.longest) bytes at most" }
        let plain = password.lowercased()
        let names = [email?.key, username?.key, email?.key.split(separator: "@").first.map(String.init)]
        if names.contains(plain) { return "must not be your name or address" }
        return isCommon(plain) ? "is one that too many people use" : nil
    }

    private func isCommon(_ plain: String) -> Bool {
        if common.contains(plain) || Set(plain).count < 3 || Self.isSequence(plain) { return true }
        // `sunshine12!` is `sunshine` to whoever guesses.
        let end = plain.lastIndex { $0.isLetter } ?? plain.startIndex
        let stem = String(plain[...end])
        return stem.count < plain.count && plain.count - stem.count <= 4 && common.contains(stem)
    }

    /// Characters that only count up or down, as in `12345678` or `hgfedcba`.
    private static func isSequence(_ text: String) -> Bool {
        let values = text.unicodeScalars.map { Int($0.value) }
        return [1, -1].contains { step in zip(values, values.dropFirst()).allSatisfy { $1 - $0 == step } }
    }
}
