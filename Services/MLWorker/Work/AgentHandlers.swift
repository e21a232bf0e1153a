import Film
import FoundationEssentials
import HTTP
import Jobs
import Music
import Primitives
import Speech

/// Lets agents do jobs: reads their input, tells their faults as jobs tell them.
enum AgentHandlers {
    /// The handlers of all agents, by kind.
    static func all(_ agents: [any Agent]) -> [String: JobRunner.Handler] {
        Dictionary(uniqueKeysWithValues: agents.map { (kind(of: $0), handler($0)) })
    }

    private static func kind(of agent: some Agent) -> String { type(of: agent).kind }

    private static func handler(_ agent: some Agent) -> JobRunner.Handler {
        { job, context in try await run(agent, job, context) }
    }

    private static func run<A: Agent>(_ agent: A, _ job: Job, _ context: JobContext) async throws -> JSONValue {
        let input: A.Input
        do { input = try job.payload.decode(A.Input.self) } catch {
            throw JobFailure(
                "invalid_input", "The input of \(A.kind) cannot be read: \(reason(error)).", retriable: false)
        }
        let identity = job.runID.map { UUID.derived(from: $0, job.stepID ?? A.kind) } ?? job.id
        let task = AgentTask(
            jobID: job.id, workspaceID: job.workspaceID, userID: job.userID ?? job.workspaceID,
            projectID: job.projectID, identity: identity, progress: { context.progress($0) })
        do { return try JSONValue(encoding: try await agent.run(input, task)) } catch { throw failure(error) }
    }

    /// An agent's fault as a job tells it.
    static func failure(_ error: any Error) -> any Error {
        switch error {
        case let error as ProviderError: error.failure
        case let error as SpeechError:
            JobFailure(error.code.rawValue, message(error), retriable: error.isRetriable)
        case let error as MusicError:
            JobFailure(
                error.code.rawValue, "The music could not be made: \(error.reason).", retriable: error.isRetriable)
        default: error
        }
    }

    private static func message(_ error: SpeechError) -> String {
        switch error.code {
        case .nothingToSay: "There is nothing to say."
        case .textTooLong: "The narration is longer than \(Narration.maximumCharacters) characters."
        case .unsupportedLanguage: "No voice here speaks this language."
        default: "The narration could not be spoken: \(error.reason)."
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it is no JSON object" }
        return switch error {
        case .keyNotFound(let key, _): "\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is not what it should be"
        @unknown default: "it does not fit"
        }
    }
}
