/// Header fields in their order; names compare without case (RFC 9110 §5.1).
public struct HTTPHeaders: Sendable, ExpressibleByDictionaryLiteral, Sequence {
    /// One field line.
    public struct Field: Sendable, Hashable {
        /// The name in the case it came in.
        public let name: String
        /// The value; blanks at its ends are no part of it (RFC 9110 §5.5).
        public let value: String

        /// A field line as it stands: neither part is checked.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    private var fields: [Field]

    /// No fields.
    public init() { fields = [] }
    /// Fields in this order; a name may stand more than once.
    public init(_ fields: [Field]) { self.fields = fields }
    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0, value: $1) }
    }

    /// The first value of a field; setting replaces all values, `nil` removes them.
    public subscript(name: String) -> String? {
        get { fields.first { $0.name.equalsIgnoringCase(name) }?.value }
        set {
            guard let newValue else { return remove(name) }
            set(name, newValue)
        }
    }

    /// All values of a field, in order.
    public func all(_ name: String) -> [String] {
        fields.compactMap { $0.name.equalsIgnoringCase(name) ? $0.value : nil }
    }

    /// There is such a field, with whatever value.
    public func contains(_ name: String) -> Bool { fields.contains { $0.name.equalsIgnoringCase(name) } }

    /// Adds a field line beside those that are there.
    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// Replaces all lines of a field by one.
    public mutating func set(_ name: String, _ value: String) {
        guard let index = fields.firstIndex(where: { $0.name.equalsIgnoringCase(name) }) else {
            return add(name, value)
        }
        fields[index] = Field(name: name, value: value)
        var later = index + 1
        while later < fields.count {
            if fields[later].name.equalsIgnoringCase(name) { fields.remove(at: later) } else { later += 1 }
        }
    }

    /// Removes all lines of a field.
    public mutating func remove(_ name: String) { fields.removeAll { $0.name.equalsIgnoringCase(name) } }

    /// Field lines, a repeated name counted each time.
    public var count: Int { fields.count }
    public func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }

    /// The elements of a comma-separated list field, over all its lines, trimmed and not empty.
    public func list(_ name: String) -> [String] {
        all(name).flatMap { $0.split(separator: ",") }.map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
    }
}

extension StringProtocol {
    /// Equality of ASCII text without case.
    public func equalsIgnoringCase(_ other: some StringProtocol) -> Bool {
        utf8.count == other.utf8.count
            && zip(utf8, other.utf8).allSatisfy { left, right in
                if left == right { return true }
                let lower = left | 0x20
                return lower == right | 0x20 && lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
            }
    }

    /// The text without spaces and tabs at its ends.
    public func trimmingBlanks() -> String {
        let trimmed = drop { $0 == " " || $0 == "\t" }
        guard let last = trimmed.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(trimmed[...last])
    }
}
