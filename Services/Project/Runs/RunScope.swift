import FoundationEssentials
import Primitives

/// The values that a run's templates can name: its input, itself, and what its steps gave.
struct RunScope {
    private let run: Run
    private var base: [String: JSONValue]

    /// - Parameter outputs: what the steps gave, by reference.
    init(_ run: Run, outputs: [String: JSONValue]) {
        self.run = run
        var steps: [String: JSONValue] = [:]
        for (index, step) in run.definition.steps.enumerated() {
            let given = run.state.steps[index].items.map { $0.output.flatMap { outputs[$0] } ?? .null }
            // A step that was skipped has no value; one that is done for each entry has a list.
            if step.forEach != nil { steps[step.id] = .array(given) } else { steps[step.id] = given.first }
        }
        base = [
            "input": run.input, "steps": .object(steps),
            "run": [
                "id": .string(run.id.text), "projectId": .string(run.projectID.text),
                "workspaceId": .string(run.workspaceID.text), "userId": .string(run.userID.text),
            ],
        ]
    }

    /// How many items a step has: `nil` where its condition does not hold.
    func items(of step: WorkflowDefinition.Step) throws -> Int? {
        if let when = step.when, Template.isTrue(try resolve(when)) == false { return nil }
        guard let forEach = step.forEach else { return 1 }
        guard let entries = try resolve(forEach).arrayValue else {
            throw StepError(code: "no_list", message: "forEach of \(step.id) gives no list", retriable: false)
        }
        return entries.count
    }

    /// The input of one item.
    func input(of key: ItemKey) throws -> JSONValue {
        let step = run.definition.steps[key.step]
        var scope = base
        if let forEach = step.forEach {
            let entries = try resolve(forEach).arrayValue ?? []
            guard entries.indices.contains(key.item) else {
                throw StepError(code: "no_item", message: "\(step.id) has no entry \(key.item)", retriable: false)
            }
            scope["item"] = entries[key.item]
            scope["index"] = .int(Int64(key.item))
        }
        return try Self.resolve(step.input, .object(scope))
    }

    /// The run's outputs; what has no value is left out.
    func outputs() -> JSONValue {
        var outputs: [String: JSONValue] = [:]
        for (name, template) in run.definition.outputs {
            if let value = try? resolve(template), value != .null { outputs[name] = value }
        }
        return .object(outputs)
    }

    private func resolve(_ template: JSONValue) throws -> JSONValue { try Self.resolve(template, .object(base)) }

    private static func resolve(_ template: JSONValue, _ scope: JSONValue) throws -> JSONValue {
        do { return try Template.resolve(template, in: scope) } catch {
            throw StepError(code: "no_value", message: "\(error)", retriable: false)
        }
    }
}
