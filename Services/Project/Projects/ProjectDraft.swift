import HTTP
import Postgres

/// What people say of a project, when they make or change it.
struct ProjectDraft: Decodable, Sendable {
    var title: String?
    /// The older name of `title`.
    var name: String?
    var description: String?
    var type: String?
    var status: String?

    /// Checks the fields that are there.
    /// - Parameter isNew: whether the title must be there.
    /// - Returns: the title without the white space around it, and the status.
    /// - Throws: `Problem` 400 that names every faulty field.
    func checked(isNew: Bool) throws -> (title: String?, status: ProjectStatus?) {
        var faults: [(field: String, reason: String)] = []
        let title = (title ?? name).map(Self.trimmed)
        if let title {
            if title.isEmpty { faults.append(("title", "must not be empty")) }
            if title.unicodeScalars.count > 255 { faults.append(("title", "must have 255 characters at most")) }
            if title.unicodeScalars.contains("\0") { faults.append(("title", "must not contain a NUL")) }
        } else if isNew {
            faults.append(("title", "is required"))
        }
        if let description, description.unicodeScalars.count > 5000 {
            faults.append(("description", "must have 5000 characters at most"))
        }
        if let description, description.unicodeScalars.contains("\0") {
            faults.append(("description", "must not contain a NUL"))
        }
        if let type, !Self.isName(type) {
            faults.append(("type", "must be 1 to 50 letters, digits, - or _"))
        }
        let known = status.flatMap(ProjectStatus.init(rawValue:))
        if status != nil, known == nil {
            faults.append(
                ("status", "must be one of \(ProjectStatus.allCases.map(\.rawValue).joined(separator: ", "))"))
        }
        if isNew, let known, known != .draft { faults.append(("status", "of a new project is draft")) }
        if !faults.isEmpty { throw Problem.invalid(faults) }
        return (title, known)
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }

    private static func isName(_ text: String) -> Bool {
        (1...50).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
                    || $0 == 0x5F
            }
    }
}
