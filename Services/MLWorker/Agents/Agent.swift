import Primitives

/// One kind of work: typed input, typed output, a version that says when results change.
protocol Agent: Sendable {
    associatedtype Input: Decodable & Sendable
    associatedtype Output: Codable & Sendable

    /// The kind of work, as in `voice`.
    static var kind: String { get }
    /// Grows whenever the same input gives another output.
    static var version: Int { get }

    /// Does the work.
    /// - Throws: `JobFailure` where it cannot be done; errors of the parts that it uses.
    func run(_ input: Input, _ task: AgentTask) async throws -> Output
}
