import Primitives

/// Returns its input. For trying an installation and measuring what a step costs.
struct EchoAgent: Agent {
    static let kind = "echo"
    static let version = 1

    func run(_ input: JSONValue, _ task: AgentTask) async throws -> JSONValue { input }
}
