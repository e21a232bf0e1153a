import Crypto
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
    private let versionIDs: [String: String]

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
        versionIDs = try byID.mapValues { try $0.versionID() }
    }

    /// The definitions by name.
    var all: [WorkflowDefinition] { byID.values.sorted { $0.id < $1.id } }

    subscript(id: String) -> WorkflowDefinition? { byID[id] }

    /// The name under which a definition is kept for its runs.
    func versionID(of id: String) -> String { versionIDs[id] ?? id }
}

extension WorkflowDefinition {
    /// Names just this definition, as in `film@1.89abcdef`: with its content, for an edit that forgets the version must
    /// not change the runs that were started before.
    func versionID() throws -> String {
        "\(id)@\(version)." + SHA256.hash(try JSON.encode(self)).prefix(4).hex
    }
}
