internal import FoundationEssentials
internal import Primitives

/// Text for a terminal, in columns.
package enum Columns {
    /// Rows with each column as wide as its widest entry, a line each.
    package static func text(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(plain) }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, entry) in row.enumerated() {
                line += entry
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - entry.count + 2) }
            }
            return line + "\n"
        }.joined()
    }

    /// Names and values, those that are absent left out.
    package static func pairs(_ pairs: [(String, String?)]) -> String {
        text(pairs.compactMap { name, value in value.map { [name, $0] } })
    }

    /// How long ago something was, in its two largest units.
    package static func age(seconds: Double) -> String {
        let seconds = Int(max(0, seconds))
        let parts = [
            (seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s"),
        ]
        let shown = parts.drop { $0.0 == 0 }.prefix(2)
        return shown.isEmpty ? "0s" : shown.map { "\($0.0)\($0.1)" }.joined(separator: " ")
    }

    /// Without what a terminal would obey: dead letters hold what strangers wrote.
    private static func plain(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            let turnsText = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
            out.append(isControl || turnsText ? "\u{FFFD}" : scalar)
        }
        return String(out)
    }
}

/// What an operator does not need to see.
enum Concealed {
    private static let names = [
        "token", "secret", "password", "passphrase", "authorization", "cookie", "apikey", "privatekey", "credential",
        "signature", "email", "verifier",
    ]

    /// Whether a name is that of a secret, or of an address of a person.
    static func names(_ name: some StringProtocol) -> Bool {
        let plain = plain(name)
        return names.contains { plain.contains($0) }
    }

    private static func plain(_ name: some StringProtocol) -> String {
        name.lowercased().filter { $0 != "_" && $0 != "-" }
    }

    /// JSON in which secrets and addresses of people are hidden, links shown without their query, and text that is JSON
    /// itself shown as such.
    static func value(_ value: JSONValue, name: String = "") -> JSONValue {
        let plain = plain(name)
        switch value {
        case .string where names(name): return .string("(hidden)")
        case .string(let text):
            if plain.hasSuffix("json"), let inner = try? JSON.decode(JSONValue.self, from: text) {
                return self.value(inner)
            }
            if text.hasPrefix("http"), let query = text.firstIndex(of: "?") {
                return .string(text[..<query] + "?(hidden)")
            }
            return value
        case .object(let members): return .object(Dictionary(members.map { ($0, self.value($1, name: $0)) }) { $1 })
        case .array(let elements): return .array(elements.map { self.value($0, name: name) })
        default: return value
        }
    }
}
