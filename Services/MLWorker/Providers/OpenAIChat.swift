import FoundationEssentials
import HTTP
import NetworkClient
import Primitives

/// Any server with OpenAI's chat completions (`POST /chat/completions`): OpenAI itself, Groq, DeepSeek, Mistral, vLLM,
/// Ollama and others. Asks for a script as JSON, checks it, and lets the model mend it once.
struct OpenAIChat: TextProvider {
    /// How the server is told that the answer must be JSON.
    enum Format: String, Sendable, CaseIterable {
        /// Structured outputs: the answer follows the schema.
        case schema = "json_schema"
        /// JSON mode: some JSON object. Servers that lack structured outputs have this.
        case object = "json_object"
    }

    let name = "openai"
    let http: HTTPClient
    /// With the version, as in `https://api.openai.com/v1`.
    let baseURL: String
    let key: String
    let model: String
    var format: Format = .schema
    var timeout: Duration = .seconds(60)

    func script(_ request: ScriptRequest) async throws -> ProviderAnswer<ScriptDraft> {
        var messages = ScriptPrompt.messages(request)
        var usage = ProviderUsage(unit: "token")
        var problems: [String] = []
        for _ in 0..<2 {
            let text = try await complete(messages, &usage)
            switch ScriptPrompt.draft(text) {
            case .success(let draft): return ProviderAnswer(result: draft, usage: usage)
            case .failure(let faults): problems = faults.problems
            }
            messages.append(ChatMessage(role: "assistant", content: String(text.prefix(20_000))))
            messages.append(ScriptPrompt.repair(problems, request))
        }
        throw error(
            .invalidAnswer, "no usable script after a second try: \(problems.prefix(3).joined(separator: "; "))")
    }

    /// One completion, as text.
    private func complete(_ messages: [ChatMessage], _ usage: inout ProviderUsage) async throws -> String {
        let body = ChatRequest(
            model: model, messages: messages,
            responseFormat: format == .schema ? ScriptPrompt.schemaFormat : ["type": "json_object"])
        let request = try HTTPClientRequest.json(
            .POST, baseURL + "/chat/completions", body, headers: ["Authorization": "Bearer \(key)"],
            timeout: timeout)
        let data = try await ProviderHTTP.send(request, by: http, provider: name, fault: Self.fault)
        guard let answer = try? JSON.decode(ChatAnswer.self, from: data), let choice = answer.choices.first else {
            throw error(.invalidAnswer, "the answer is no chat completion")
        }
        usage.input += answer.usage?.promptTokens ?? 0
        usage.output += answer.usage?.completionTokens ?? 0
        if let refusal = choice.message.refusal { throw error(.refused, String(refusal.prefix(200))) }
        switch choice.finishReason {
        case "content_filter": throw error(.refused, "the answer was held back by a content filter")
        case "length": throw error(.invalidAnswer, "the answer was cut off at its longest")
        default: break
        }
        guard let content = choice.message.content else { throw error(.invalidAnswer, "the answer has no content") }
        return content
    }

    /// What an error answer means: `{"error": {"message", "type", "param", "code"}}`.
    private static func fault(_ status: Int, _ body: Data) -> (ProviderError.Code, String)? {
        let known = (try? JSON.decode(ChatFault.self, from: body))?.error
        let reason = known?.message.map { String($0.prefix(200)) } ?? "status \(status)"
        // Both come as 429; only one of them passes with time.
        if known?.code == "insufficient_quota" || known?.type == "insufficient_quota" {
            return (.quotaExceeded, reason)
        }
        return ProviderHTTP.code(of: status).map { ($0, reason) }
    }

    private func error(_ code: ProviderError.Code, _ reason: String) -> ProviderError {
        ProviderError(provider: name, code: code, reason: reason)
    }
}
