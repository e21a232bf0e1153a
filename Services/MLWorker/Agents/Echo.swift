import Primitives

/// Returns its input: for trying an installation, and for measuring what a step costs beside its work.
enum Echo {
    /// The kind of work.
    static let kind = "echo"

    /// Needs no job: it takes no time.
    static func answer(_ input: JSONValue) -> JSONValue { input }
}
