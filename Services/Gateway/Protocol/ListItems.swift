/// The elements of a comma-separated field value (RFC 9110 §5.6.1), trimmed, without empty ones.
enum ListItems {
    static func forEach(in value: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        for index in 0...value.count where index == value.count || value[index] == UInt8(ascii: ",") {
            let item = UnsafeRawBufferPointer(rebasing: value[start..<index]).trimmed
            if !item.isEmpty { body(item) }
            start = index + 1
        }
    }

    /// Whether one of the elements equals `other`, whatever the case.
    static func contains(_ other: UnsafeRawBufferPointer, in value: UnsafeRawBufferPointer) -> Bool {
        var found = false
        forEach(in: value) { item in
            guard !found, item.count == other.count else { return }
            found = zip(item, other).allSatisfy { left, right in
                left == right || (left | 0x20 == right | 0x20 && (0x61...0x7A).contains(left | 0x20))
            }
        }
        return found
    }
}
