/// `Content-Disposition` (RFC 6266): what a client does with content, and under which name.
public enum ContentDisposition {
    /// The field for a file name of whatever characters: an ASCII form for old clients, and the true one in UTF-8.
    public static func field(_ type: Kind, filename: String) -> String {
        let clean = String(String.UnicodeScalarView(filename.unicodeScalars.filter(isHarmless)))
        let ascii = String(
            clean.unicodeScalars.map { scalar -> Character in
                scalar.isASCII && !"\"\\%;".unicodeScalars.contains(scalar) ? Character(scalar) : "_"
            })
        let plain = "\(type.rawValue); filename=\"\(ascii)\""
        return ascii == clean ? plain : "\(plain); filename*=UTF-8''\(PercentEncoding.encode(clean))"
    }

    /// Whether it is shown or saved.
    public enum Kind: String, Sendable { case inline, attachment }

    /// No control characters, no separators of paths, no marks that turn the direction of writing.
    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
        default: scalar != "/" && scalar != "\\"
        }
    }
}
