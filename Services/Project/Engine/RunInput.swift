import FoundationEssentials
import Primitives

extension WorkflowDefinition {
    /// One field of a run's input that cannot be taken.
    struct InputFault: Error, Equatable, CustomStringConvertible {
        let field: String
        let reason: String
        var description: String { "\(field) \(reason)" }
    }

    /// Checks a run's input against the declared fields and fills in defaults.
    /// - Throws: the first fault by field name, unknown fields included.
    func checked(_ given: JSONValue) throws(InputFault) -> JSONValue {
        guard case .object(let members) = given else { throw InputFault(field: "input", reason: "must be an object") }
        for name in members.keys.sorted() where input[name] == nil {
            throw InputFault(field: name, reason: "is not a field of this workflow")
        }
        var checked: [String: JSONValue] = [:]
        for (name, field) in input.sorted(by: { $0.key < $1.key }) {
            let value = members[name] ?? .null
            if value == .null {
                if field.required == true { throw InputFault(field: name, reason: "is required") }
                checked[name] = field.default ?? .null
                continue
            }
            if let reason = field.fault(value) { throw InputFault(field: name, reason: reason) }
            checked[name] = value
        }
        return .object(checked)
    }
}

extension WorkflowDefinition.InputField {
    fileprivate func fault(_ value: JSONValue) -> String? {
        switch type {
        case .string:
            guard let text = value.stringValue else { return "must be text" }
            if let choices, !choices.contains(text) { return "must be one of \(choices.joined(separator: ", "))" }
            let visible = text.contains { !$0.isWhitespace }
            if required == true, !visible { return "must not be empty" }
            return outside(Double(text.utf8.count), "bytes")
        case .integer:
            guard let number = value.intValue else { return "must be a whole number" }
            return outside(Double(number), nil)
        case .number:
            guard let number = value.doubleValue else { return "must be a number" }
            return outside(number, nil)
        case .boolean:
            return value.boolValue == nil ? "must be true or false" : nil
        case .strings, .ids:
            guard let entries = value.arrayValue else { return "must be a list" }
            guard entries.allSatisfy({ $0.stringValue != nil }) else { return "must be a list of texts" }
            if type == .ids, !entries.allSatisfy({ UUID(uuidString: $0.stringValue ?? "") != nil }) {
                return "must be a list of ids"
            }
            return outside(Double(entries.count), "entries")
        case .any:
            return nil
        }
    }

    private func outside(_ number: Double, _ unit: String?) -> String? {
        let suffix = unit.map { " " + $0 } ?? ""
        func text(_ bound: Double) -> String { bound == bound.rounded() ? String(Int64(bound)) : String(bound) }
        if let minimum, number < minimum { return "must be at least \(text(minimum))\(suffix)" }
        if let maximum, number > maximum { return "must be at most \(text(maximum))\(suffix)" }
        return nil
    }
}
