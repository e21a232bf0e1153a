/// Names of files that this worker makes.
enum Filename {
    /// A title as a file's name: letters, digits and spaces of any script, 80 characters at most.
    static func safe(_ title: String, extension suffix: String) -> String {
        let kept = title.map { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : " " }
        let words = String(kept).split(separator: " ").joined(separator: " ")
        return (words.isEmpty ? "untitled" : String(words.prefix(80))) + "." + suffix
    }

    /// A name with another ending: `coffee.png` becomes `coffee-edited.jpg`.
    static func derived(from name: String, _ addition: String, extension suffix: String) -> String {
        let parts = name.split(separator: ".")
        let stem = parts.count > 1 ? parts.dropLast().joined(separator: ".") : name
        return safe(stem + "-" + addition, extension: suffix)
    }
}
