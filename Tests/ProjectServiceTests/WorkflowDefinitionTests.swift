import FoundationEssentials
import Primitives
import Testing

@testable import ProjectService

@Suite("Workflow definitions")
struct WorkflowDefinitionTests {
    @Test("the built-in definitions are valid", arguments: ["film", "relay"])
    func builtIn(name: String) throws {
        let json = name == "film" ? PackageResources.film_json : PackageResources.relay_json
        let definition = try JSON.decode(WorkflowDefinition.self, from: Data(json))
        #expect(definition.faults() == [])
    }

    @Test("every fault is named at once")
    func faults() {
        let broken = WorkflowDefinition(
            id: "Broken", version: 0, title: "", input: [:],
            steps: [
                .init(id: "a", agent: "echo", worker: .ml, after: ["b"], input: "$input.missing"),
                .init(id: "b", agent: "echo", worker: .ml, input: ["x": "$steps.a.value"]),
                .init(id: "b", agent: "echo", worker: .ml, input: "$item.x", share: 0),
            ], outputs: ["o": "$steps.z"])
        let faults = broken.faults()
        #expect(
            faults == [
                "id: must be a lower-case name", "version: must be 1 or more",
                "steps.a.after: b is no step before this one", "steps.a: $input.missing: no such input",
                "steps.b: $steps.a.value: not a step before this one", "steps.b.share: must be 1 to 1000",
                "steps.b: $item.x: only within forEach",
                "steps.b: stands twice", "outputs.o: $steps.z: not a step before this one",
            ])
    }

    @Test("a step for a service that takes no work is refused", arguments: ["notifier", "storage", "ML", ""])
    func workers(name: String) throws {
        let text = String(decoding: PackageResources.relay_json, as: UTF8.self)
        let changed = text.replacing(
            "\"agent\": \"echo\", \"worker\": \"ml\"", with: "\"agent\": \"echo\", \"worker\": \"\(name)\"")
        #expect(changed != text)
        let error = #expect(throws: DecodingError.self) { try Workflows(documents: [Array(changed.utf8)]) }
        guard case .dataCorrupted(let context) = error else { _ = Issue.record("\(error as Any)"); return }
        #expect(context.debugDescription == "\(name) takes no work; workers are ml, media, publisher")
        #expect(context.codingPath.map(\.stringValue).last == "worker")
    }

    @Test("templates find values, lists of them, and say what has none")
    func templates() throws {
        let scope: JSONValue = [
            "input": ["brief": "b"],
            "steps": ["script": ["scenes": [["id": "1"], ["id": "2"]]], "voice": [["ms": 5]]],
            "item": ["id": "1"], "index": 0,
        ]
        let template: JSONValue = ["ids": "$steps.script.scenes.id", "ms": "$steps.voice.0.ms", "no": "$input.x?"]
        let resolved = try Template.resolve(template, in: scope)
        #expect(resolved == ["ids": ["1", "2"], "ms": 5, "no": nil])
        #expect(throws: Template.Unresolved.self) { try Template.resolve("$input.x", in: scope) }
    }

    @Test("templates say which steps they name, and a run what those gave")
    func namedSteps() throws {
        #expect(
            Template.steps(["a": ["$steps.script.scenes", "$input.x"], "b": "$steps.voice?"]) == ["script", "voice"])
        #expect(Template.steps(["$item.x", "$run.id", "steps.no", 7]) == [])
        let definition = try JSON.decode(WorkflowDefinition.self, from: Data(PackageResources.film_json))
        var state = RunState(definition: definition)
        for (index, step) in definition.steps.enumerated() where step.id != "visual" {
            state.steps[index].items = (0..<2).map { item in
                var made = ItemState()
                made.output = "\(step.id)/\(item)"
                return made
            }
        }
        let run = Run(
            id: .v7(), workspaceID: .v7(), userID: .v7(), projectID: .v7(), definition: definition,
            definitionID: "film",
            input: [:], state: state, outputs: nil, traceID: "", createdAt: Date())
        #expect(run.references(in: [nil, "$input.x", "$steps.visual"]) == [])
        #expect(
            run.references(in: ["$steps.script.title", ["v": "$steps.voice"]])
                == ["script/0", "script/1", "voice/0", "voice/1"])
    }

    @Test("a run's input is checked field by field", arguments: Self.inputs.indices)
    func input(index: Int) throws {
        let (given, expected) = Self.inputs[index]
        let definition = try JSON.decode(WorkflowDefinition.self, from: Data(PackageResources.film_json))
        #expect(performing: { _ = try definition.checked(given) }, throws: { "\($0)" == expected })
    }

    static let inputs: [(JSONValue, String)] = [
        ([:], "brief is required"),
        (["brief": "  \n"], "brief must not be empty"),
        (["brief": .string(String(repeating: "x", count: 100_000))], "brief must be at most 20000 bytes"),
        (["brief": 7], "brief must be text"),
        (["brief": "x", "durationSeconds": 0], "durationSeconds must be at least 5"),
        (["brief": "x", "durationSeconds": 36_000], "durationSeconds must be at most 600"),
        (["brief": "x", "aspect": "4:3"], "aspect must be one of 16:9, 9:16, 1:1"),
        (["brief": "x", "assetIds": ["nope"]], "assetIds must be a list of ids"),
        (["brief": "x", "colour": "red"], "colour is not a field of this workflow"),
        ("brief", "input must be an object"),
    ]
}
