import Primitives

/// JSON in which a text that begins with `$` stands for a value: `$input.brief`, `$run.id`, `$steps.script.scenes`,
/// `$item.narration`, `$index`. A step that was done for each entry of a list gives the list of its outputs, and a name
/// after a list takes that member of each entry.
enum Template {
    /// A template names a value that is not there.
    struct Unresolved: Error, CustomStringConvertible {
        let reference: String
        var description: String { "\(reference) has no value" }
    }

    /// Replaces every reference. One that ends in `?` may be absent and is then null.
    static func resolve(_ template: JSONValue, in scope: JSONValue) throws(Unresolved) -> JSONValue {
        switch template {
        case .string(let text) where text.hasPrefix("$"):
            return try lookUp(text, in: scope)
        case .array(let entries):
            var resolved: [JSONValue] = []
            for entry in entries { resolved.append(try resolve(entry, in: scope)) }
            return .array(resolved)
        case .object(let members):
            var resolved: [String: JSONValue] = [:]
            for (name, value) in members { resolved[name] = try resolve(value, in: scope) }
            return .object(resolved)
        default:
            return template
        }
    }

    /// Whether a resolved condition lets its step run: not null, false, zero, or empty.
    static func isTrue(_ value: JSONValue) -> Bool {
        switch value {
        case .null: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let value): !value.isEmpty
        case .object(let value): !value.isEmpty
        }
    }

    /// The references of a template that cannot have a value.
    static func faults(_ template: JSONValue, inputs: Set<String>, steps: Set<String>, item: Bool) -> [String] {
        switch template {
        case .string(let text) where text.hasPrefix("$"):
            let path = path(of: text)
            switch path.first {
            case "input": return path.count > 1 && inputs.contains(path[1]) ? [] : ["\(text): no such input"]
            case "steps":
                return path.count > 1 && steps.contains(path[1]) ? [] : ["\(text): not a step before this one"]
            case "item", "index": return item ? [] : ["\(text): only within forEach"]
            case "run": return []
            default: return ["\(text): begins with none of $input, $steps, $item, $index, $run"]
            }
        case .array(let entries):
            return entries.flatMap { faults($0, inputs: inputs, steps: steps, item: item) }
        case .object(let members):
            return members.sorted { $0.key < $1.key }
                .flatMap { faults($0.value, inputs: inputs, steps: steps, item: item) }
        default: return []
        }
    }

    /// The steps of which a template names something.
    static func steps(_ template: JSONValue) -> Set<String> {
        switch template {
        case .string(let text) where text.hasPrefix("$steps."): Set(path(of: text).dropFirst().prefix(1))
        case .array(let entries): entries.reduce(into: []) { $0.formUnion(steps($1)) }
        case .object(let members): members.values.reduce(into: []) { $0.formUnion(steps($1)) }
        default: []
        }
    }

    private static func path(of reference: String) -> [String] {
        reference.dropFirst().split(separator: ".").map { trimmed($0) }
    }

    private static func trimmed(_ part: Substring) -> String { String(part.hasSuffix("?") ? part.dropLast() : part) }

    private static func lookUp(_ reference: String, in scope: JSONValue) throws(Unresolved) -> JSONValue {
        let mayBeAbsent = reference.hasSuffix("?")
        var value = scope
        for part in path(of: reference) {
            guard let next = member(part, of: value) else {
                if mayBeAbsent { return .null }
                throw Unresolved(reference: reference)
            }
            value = next
        }
        return value
    }

    private static func member(_ name: String, of value: JSONValue) -> JSONValue? {
        switch value {
        case .object(let members): members[name]
        case .array(let entries):
            if let index = Int(name) {
                entries.indices.contains(index) ? entries[index] : nil
            } else {
                .array(entries.map { member(name, of: $0) ?? .null })
            }
        default: nil
        }
    }
}
