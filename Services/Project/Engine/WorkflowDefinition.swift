import FoundationEssentials
import Primitives

/// A workflow as data: steps, what each needs, and how its input is made of what came before.
///
/// Read from JSON (the built-in ones stand under `Workflows/`) and validated before it is used; a run keeps the version
/// that it was started with.
struct WorkflowDefinition: Codable, Sendable, Equatable {
    var id: String
    var version: Int
    var title: String
    var description: String?
    /// What a run is started with, by field name.
    var input: [String: InputField]
    var steps: [Step]
    /// The run's outputs, as templates over the steps' outputs.
    var outputs: [String: JSONValue]
    /// Steps of one run that are worked on at the same time (AGT-003).
    var maxParallel: Int?
    /// How long a whole run may take.
    var deadlineMs: Int64?

    /// One field of a run's input.
    struct InputField: Codable, Sendable, Equatable {
        enum Kind: String, Codable { case string, integer, number, boolean, strings, ids, any }
        var type: Kind
        var required: Bool?
        var `default`: JSONValue?
        /// Least and most: of a number its value, of text its bytes, of a list its entries.
        var minimum: Double?
        var maximum: Double?
        var choices: [String]?
    }

    /// One step: an agent of one worker, once or for each item of a list.
    struct Step: Codable, Sendable, Equatable {
        var id: String
        var agent: String
        /// The agent's version: a part of the key under which results are cached.
        var agentVersion: Int?
        var worker: Worker
        /// Steps that must have ended before this one begins.
        var after: [String]?
        /// A template that gives a list: the step is done for each entry, which is `$item` in `input`.
        var forEach: JSONValue?
        /// A template: where it gives nothing, false or an empty list, the step is skipped.
        var when: JSONValue?
        /// What a person is told where the step is skipped.
        var skipNote: String?
        var input: JSONValue
        var maxAttempts: Int?
        var timeoutMs: Int64?
        /// How much of a run's time it takes, beside the others' shares, as far as known: progress and the time that is
        /// left are told by it. 1 where nothing is said.
        var share: Int?
        /// Whether an equal input may be answered with an earlier result (AGT-006).
        var cache: Bool?
        /// What the project's status becomes when this step begins.
        var projectStatus: String?
    }

    /// Who does a step: a service that takes work by command.
    enum Worker: String, Codable, Sendable, CaseIterable {
        case ml, media, publisher

        /// - Throws: `DecodingError` that names the workers: a command to another service would wait for ever.
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            let name = try container.decode(String.self)
            guard let known = Self(rawValue: name) else {
                let workers = Self.allCases.map(\.rawValue).joined(separator: ", ")
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "\(name) takes no work; workers are \(workers)")
            }
            self = known
        }
    }

    static let defaultParallel = 4
    static let defaultAttempts = 3
    static let defaultTimeoutMs: Int64 = 300_000
    static let defaultDeadlineMs: Int64 = 3_600_000
    /// The most steps of a definition, and the most items of one step: they bound a run's state.
    static let stepLimit = 64
    static let itemLimit = 200
}

extension WorkflowDefinition {
    /// What is wrong with a definition, all at once; empty where it can be run.
    func faults() -> [String] {
        var faults: [String] = []
        if !Self.isName(id) { faults.append("id: must be a lower-case name") }
        if version < 1 { faults.append("version: must be 1 or more") }
        if steps.isEmpty || steps.count > Self.stepLimit { faults.append("steps: must be 1 to \(Self.stepLimit)") }
        if let maxParallel, !(1...16).contains(maxParallel) { faults.append("maxParallel: must be 1 to 16") }
        if let deadlineMs, !(1...86_400_000).contains(deadlineMs) { faults.append("deadlineMs: must be up to one day") }
        var known: Set<String> = []
        for step in steps {
            let path = "steps.\(step.id)"
            if !Self.isName(step.id) { faults.append("\(path): must be a lower-case name") }
            if !Self.isName(step.agent) { faults.append("\(path).agent: must be a lower-case name") }
            if let attempts = step.maxAttempts, !(1...10).contains(attempts) {
                faults.append("\(path).maxAttempts: must be 1 to 10")
            }
            if let timeout = step.timeoutMs, !(1...3_600_000).contains(timeout) {
                faults.append("\(path).timeoutMs: must be up to one hour")
            }
            if let share = step.share, !(1...1000).contains(share) { faults.append("\(path).share: must be 1 to 1000") }
            // Only steps that stand before may be named: so a definition has no circle.
            for name in step.after ?? [] where !known.contains(name) {
                faults.append("\(path).after: \(name) is no step before this one")
            }
            let reachable = ancestors(of: step)
            for template in [step.input, step.forEach ?? .null, step.when ?? .null] {
                faults += Template.faults(
                    template, inputs: Set(input.keys), steps: reachable, item: step.forEach != nil
                )
                .map { "\(path): \($0)" }
            }
            if !known.insert(step.id).inserted { faults.append("\(path): stands twice") }
        }
        for (name, template) in outputs.sorted(by: { $0.key < $1.key }) {
            faults += Template.faults(template, inputs: Set(input.keys), steps: known, item: false)
                .map { "outputs.\(name): \($0)" }
        }
        return faults
    }

    /// The steps that have surely ended when `step` begins.
    private func ancestors(of step: Step) -> Set<String> {
        var found: Set<String> = []
        var open = step.after ?? []
        while let name = open.popLast() {
            guard found.insert(name).inserted else { continue }
            open += steps.first { $0.id == name }?.after ?? []
        }
        return found
    }

    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
