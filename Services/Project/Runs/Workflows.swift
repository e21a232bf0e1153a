import FoundationEssentials
import Primitives

/// The workflows that can be run: the built-in definitions, validated once at the start.
struct Workflows: Sendable {
    /// A built-in definition is faulty: the program does not start with it.
    struct Faulty: Error, CustomStringConvertible {
        let id: String
        let faults: [String]
        var description: String { "workflow \(id): \(faults.joined(separator: "; "))" }
    }

    private let byID: [String: WorkflowDefinition]

    /// - Throws: ``Faulty`` with every fault of a definition, `DecodingError` where it is no definition.
    init(documents: [[UInt8]]) throws {
        var byID: [String: WorkflowDefinition] = [:]
        for document in documents {
            let definition = try JSON.decode(WorkflowDefinition.self, from: Data(document))
            let faults = definition.faults()
            guard faults.isEmpty else { throw Faulty(id: definition.id, faults: faults) }
            byID[definition.id] = definition
        }
        self.byID = byID
    }

    /// The definitions by name.
    var all: [WorkflowDefinition] { byID.values.sorted { $0.id < $1.id } }

    subscript(id: String) -> WorkflowDefinition? { byID[id] }
}

extension WorkflowDefinition {
    /// Names this version of this definition, as in `film@1`.
    var versionID: String { "\(id)@\(version)" }
}
