/// The name that a client gives to a file: kept for people, never used as a path.
enum Filename {
    /// Without folders, control characters and marks that turn the direction of writing; 255 bytes at most.
    static func clean(_ given: String?) -> String {
        let last = (given ?? "").split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        let scalars = last.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
            default: true
            }
        }
        var name = ""
        for character in String(String.UnicodeScalarView(scalars)) {
            if name.utf8.count + String(character).utf8.count > 255 { break }
            name.append(character)
        }
        while name.first == "." || name.first == " " { name.removeFirst() }
        return name.isEmpty ? "file" : name
    }
}
