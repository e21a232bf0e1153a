import Auth
import FoundationEssentials
import HTTP
import Primitives

/// `GET /workflows`: what can be run, and what each takes.
struct WorkflowRoutes {
    let workflows: Workflows

    struct View: Encodable {
        let id: String
        let version: Int
        let title: String
        let description: String?
        let input: [String: WorkflowDefinition.InputField]
        let steps: [StepView]

        struct StepView: Encodable {
            let id: String
            let agent: String
            let after: [String]
        }

        init(_ definition: WorkflowDefinition) {
            id = definition.id
            version = definition.version
            title = definition.title
            description = definition.description
            input = definition.input
            steps = definition.steps.map { StepView(id: $0.id, agent: $0.agent, after: $0.after ?? []) }
        }
    }

    func add(to routes: inout Router) {
        routes.get("/api/v1/workflows") { [workflows] _ in
            try .json(.ok, Page(items: workflows.all.map(View.init), nextCursor: nil))
        }
        routes.get("/api/v1/workflows/{id}") { [workflows] request in
            guard let definition = workflows[try request.parameter("id")] else { throw Problem.notFound("workflow") }
            return try .json(.ok, View(definition))
        }
    }
}
