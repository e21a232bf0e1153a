import FoundationEssentials
import Primitives

/// One run of a workflow, as it is stored.
struct Run: Sendable {
    let id: UUID
    let workspaceID: UUID
    let userID: UUID
    let projectID: UUID
    let definition: WorkflowDefinition
    /// The name under which the definition is kept.
    let definitionID: String
    let input: JSONValue
    var state: RunState
    var outputs: JSONValue?
    /// The trace in which it was started; empty where there was none.
    let traceID: String
    /// Whether that trace is one whose spans are exported.
    var traceSampled = true
    let createdAt: Date

    /// The id by which a worker knows one attempt at one item: the same for the same dispatch, whatever is done again.
    func workID(_ key: ItemKey, token: Int64) -> UUID {
        .derived(from: id, "\(definition.steps[key.step].id)/\(key.item)/\(token)")
    }

    /// The name of an item for people and in events: `script`, or `voice/2` for a step that is done for each entry.
    func stepName(_ key: ItemKey) -> String {
        let step = definition.steps[key.step]
        return step.forEach == nil ? step.id : "\(step.id)/\(key.item)"
    }

    /// The references of what the steps gave that some templates name.
    func references(in templates: [JSONValue?]) -> Set<String> {
        let named = templates.reduce(into: Set<String>()) { names, template in
            if let template { names.formUnion(Template.steps(template)) }
        }
        let steps = definition.steps.indices.filter { named.contains(definition.steps[$0].id) }
        return Set(steps.flatMap { state.steps[$0].items.compactMap(\.output) })
    }

    /// The item that a worker's answer names; `nil` where the run has no such item.
    func key(stepName: String) -> ItemKey? {
        let parts = stepName.split(separator: "/", maxSplits: 1)
        guard let name = parts.first, let step = definition.steps.firstIndex(where: { $0.id == name }) else {
            return nil
        }
        let item = parts.count == 2 ? Int(parts[1]) : 0
        return item.map { ItemKey(step: step, item: $0) }
    }
}
