/// As much XML as S3's answers have: elements without attributes of interest, text with the five entities.
struct S3XML {
    private let text: Substring

    init(_ text: String) { self.text = text[...] }
    private init(_ text: Substring) { self.text = text }

    /// The text of the first element of a name.
    func element(_ name: String) -> String? { elements(name).first.map { Self.unescape($0.text) } }

    /// The contents of all elements of a name, which do not nest in themselves.
    func elements(_ name: String) -> [S3XML] {
        var found: [S3XML] = []
        var rest = text
        while let open = rest.firstRange(of: "<\(name)") {
            rest = rest[open.upperBound...]
            guard let next = rest.first else { break }
            guard next == ">" || next == " " || next == "/" else { continue }
            guard let close = rest.firstIndex(of: ">") else { break }
            if close > rest.startIndex, rest[rest.index(before: close)] == "/" { continue }
            let body = rest[rest.index(after: close)...]
            guard let end = body.firstRange(of: "</\(name)>") else { break }
            found.append(S3XML(body[..<end.lowerBound]))
            rest = body[end.upperBound...]
        }
        return found
    }

    static func escape(_ text: String) -> String {
        text.reduce(into: "") { out, character in
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
    }

    private static func unescape(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        var out = ""
        var rest = text
        while let amp = rest.firstIndex(of: "&") {
            out += rest[..<amp]
            guard let end = rest[amp...].firstIndex(of: ";") else { break }
            switch rest[rest.index(after: amp)..<end] {
            case "amp": out += "&"
            case "lt": out += "<"
            case "gt": out += ">"
            case "quot": out += "\""
            case "apos": out += "'"
            case let entity:
                let isHex = entity.hasPrefix("#x")
                if let value = UInt32(entity.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10),
                    let scalar = Unicode.Scalar(value)
                {
                    out.unicodeScalars.append(scalar)
                }
            }
            rest = rest[rest.index(after: end)...]
        }
        return out + rest
    }
}
