public import FoundationEssentials

/// The query of a target, decoded (`+` is a space, as forms write it).
public struct QueryItems: Sendable {
    private let items: [(name: String, value: String)]

    /// No query.
    public init() { items = [] }

    /// Reads the text after `?`.
    public init(_ text: some StringProtocol) {
        items =
            text.isEmpty
            ? []
            : text.split(separator: "&").map { pair in
                let cut = pair.firstIndex(of: "=")
                let name = cut.map { pair[..<$0] } ?? pair[...]
                let value = cut.map { pair[pair.index(after: $0)...] } ?? ""
                return (Self.decode(name), Self.decode(value))
            }
    }

    /// The first value of a name.
    public subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// All values of a name.
    public func all(_ name: String) -> [String] { items.compactMap { $0.name == name ? $0.value : nil } }

    /// All names, in their order.
    public var names: [String] { items.map(\.name) }

    /// A whole number in a range; `fallback` where it is absent.
    /// - Throws: ``Problem`` where it is something else.
    public func int(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = self[name] else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw Problem.invalid(
                field: name, reason: "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// An identifier; `nil` where it is absent.
    /// - Throws: ``Problem`` where it is something else.
    public func uuid(_ name: String) throws -> UUID? {
        guard let text = self[name] else { return nil }
        guard text.utf8.count == 36, let id = UUID(uuidString: text) else {
            throw Problem.invalid(field: name, reason: "must be an id")
        }
        return id
    }

    private static func decode(_ text: some StringProtocol) -> String {
        PercentEncoding.decode(text, plusIsSpace: true) ?? "\u{FFFD}"
    }
}
