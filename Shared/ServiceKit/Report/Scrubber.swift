internal import FoundationEssentials
public import Primitives

/// Takes out of text what must not leave the house: the process's own secrets, what looks like one, addresses of
/// people and of their machines, what links carry. It hides too much rather than too little.
public struct Scrubber: Sendable {
    private let secrets: [String]

    /// - Parameter secrets: those of the process, hidden wherever they stand. Shorter ones than six bytes are not: they
    ///   would tear words apart.
    public init(secrets: [String]) {
        self.secrets = secrets.filter { $0.utf8.count >= 6 }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// The text without the process's own secrets.
    func known(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: Self.hidden) }
    }

    /// The text without them, cut after `limit` characters.
    public func text(_ text: String, limit: Int = 2_000) -> String {
        let text = known(text)
        var out = ""
        var word = ""
        var hidesNext = false
        func end() {
            guard !word.isEmpty else { return }
            if hidesNext, !Self.schemes.contains(word.lowercased()) {
                (word, hidesNext) = (Self.hidden, false)
            } else if Self.announces(word) {
                hidesNext = true
            } else {
                word = Self.shown(word)
                hidesNext = false
            }
            out += word
            word = ""
        }
        for character in text.prefix(limit) {
            if character.isWhitespace || "\"'<>()[]{},;|`".contains(character) {
                end()
                out.append(character)
            } else {
                word.append(character)
            }
        }
        end()
        return text.count > limit ? out + "…" : out
    }

    /// A document in which members with the names of secrets are hidden and all texts are scrubbed.
    public func value(_ value: JSONValue) -> JSONValue { scrubbed(Concealed.value(value)) }

    private func scrubbed(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(self.text(text, limit: 100_000))
        case .array(let elements): .array(elements.map(scrubbed))
        case .object(let members): .object(members.mapValues(scrubbed))
        default: value
        }
    }

    private static let hidden = "(hidden)"
    private static let schemes: Set = ["bearer", "basic", "sentry", "="]

    /// Whether what follows a word is a secret: `Bearer`, `password:`, `token =`.
    private static func announces(_ word: String) -> Bool {
        let lower = word.lowercased()
        if lower == "bearer" || lower == "basic" { return true }
        guard lower.hasSuffix(":") || lower.hasSuffix("=") else { return false }
        return Concealed.names(lower.dropLast())
    }

    private static func shown(_ word: String) -> String {
        if let scheme = word.firstRange(of: "://") { return link(word, scheme.upperBound) }
        if let sign = word.firstIndex(where: { $0 == "=" || $0 == ":" }), Concealed.names(word[..<sign]) {
            return word[...sign] + hidden
        }
        if let at = word.firstIndex(of: "@"), at > word.startIndex, word[at...].dropFirst().contains(".") {
            return "(mail address)"
        }
        if isAddress(word) { return "(address)" }
        return isOpaque(word) ? hidden : word
    }

    /// A link without who, and without what it carries.
    private static func link(_ word: String, _ start: String.Index) -> String {
        var rest = word[start...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        if let at = rest[..<end].lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        let carries = rest.firstIndex { $0 == "?" || $0 == "#" }
        let path = rest[..<(carries ?? rest.endIndex)].split(separator: "/", omittingEmptySubsequences: false)
        let plain = path.map { isOpaque(String($0)) ? hidden : String($0) }.joined(separator: "/")
        return word[..<start] + plain + (carries == nil ? "" : "?" + hidden)
    }

    /// An address of a machine that is not this one; with a port or without.
    private static func isAddress(_ word: String) -> Bool {
        let trimmed = word.trimmingSuffix(while: { ".:".contains($0) })
        let parts = trimmed.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count <= 2, let host = parts.first {
            let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
            if numbers.count == 4, numbers.allSatisfy({ UInt8($0) != nil }) { return numbers[0] != "127" }
        }
        return parts.count >= 4 && trimmed.utf8.count >= 6 && trimmed.contains(where: { $0.isLetter })
            && parts.allSatisfy { $0.utf8.count <= 4 && $0.allSatisfy(\.isHexDigit) }
    }

    /// Long, of letters and digits, and no identifier or digest of ours: a token, a key.
    private static func isOpaque(_ word: String) -> Bool {
        if word.hasPrefix("eyJ"), word.filter({ $0 == "." }).count >= 2 { return true }
        guard word.utf8.count >= 24, UUID(uuidString: word) == nil else { return false }
        if word.utf8.count == 32, word.allSatisfy(\.isHexDigit), word == word.lowercased() { return false }
        let isOfOne = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "+/_-=".utf8.contains(byte)
        }
        // Two identifiers with a slash are a key of ours.
        let isPath = word.split(separator: "/").allSatisfy { UUID(uuidString: String($0)) != nil || $0.count < 24 }
        return isOfOne && !isPath && word.contains(where: \.isNumber) && word.contains(where: \.isLetter)
    }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(while isCut: (Character) -> Bool) -> SubSequence {
        var text = self[...]
        while let last = text.last, isCut(last) { text.removeLast() }
        return text
    }
}
