import FoundationEssentials
import HTTP
import NetworkClient
import Primitives
import Testing

@testable import MLWorkerService

/// OpenAI's chat completions, with the shapes of answers and errors that the real server has.
@Suite struct OpenAIChatTests {
    private static let good = """
        {"title": "Morning", "musicMood": "calm", "scenes": [{"narration": "The day begins.", "visualPrompt": "Dawn"}]}
        """

    private func completion(_ content: JSONValue, finish: String = "stop", refusal: JSONValue = nil)
        -> ProviderServer.Answer
    {
        .init(body: [
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-4o-mini",
            "choices": [
                [
                    "index": 0, "finish_reason": .string(finish), "logprobs": nil,
                    "message": ["role": "assistant", "content": content, "refusal": refusal],
                ]
            ], "usage": ["prompt_tokens": 120, "completion_tokens": 40, "total_tokens": 160],
        ])
    }

    private func fault(
        _ status: HTTPStatus, _ message: String, type: JSONValue, code: JSONValue, headers: HTTPHeaders = [:]
    ) -> ProviderServer.Answer {
        .init(
            status: status, headers: headers,
            body: ["error": ["message": .string(message), "type": type, "param": nil, "code": code]])
    }

    private func chat(_ http: HTTPClient, _ url: String) -> OpenAIChat {
        OpenAIChat(http: http, baseURL: url + "/v1", key: "sk-test", model: "gpt-4o-mini", timeout: .seconds(5))
    }

    private var request: ScriptRequest {
        get throws { try ScriptRequest(brief: "The day\nbegins slowly.", language: "en", durationSeconds: 20) }
    }

    @Test func aScript() async throws {
        let server = ProviderServer([completion(.string(Self.good))])
        try await server.run { http, url in
            let answer = try await chat(http, url).script(try request)
            #expect(answer.result.title == "Morning")
            #expect(answer.result.scenes.first?.visualPrompt == "Dawn")
            #expect(answer.usage == ProviderUsage(unit: "token", input: 120, output: 40))
        }
        let asked = try #require(server.requests.first)
        #expect(asked.headers["Authorization"] == "Bearer sk-test")
        #expect(asked.body["model"] == "gpt-4o-mini")
        #expect(asked.body["response_format"]?["type"] == "json_schema")
        let messages = try #require(asked.body["messages"]?.arrayValue)
        #expect(messages.last?["content"]?.stringValue?.hasSuffix("The day begins slowly.") == true)
    }

    @Test func jsonBetweenWordsIsTaken() async throws {
        let server = ProviderServer([completion(.string("Here it is:\n```json\n\(Self.good)\n```"))])
        try await server.run { http, url in
            let answer = try await chat(http, url).script(try request)
            #expect(answer.result.scenes.count == 1)
        }
    }

    @Test func oneTryToMend() async throws {
        let server = ProviderServer([completion("I would rather not."), completion(.string(Self.good))])
        try await server.run { http, url in
            let answer = try await chat(http, url).script(try request)
            #expect(answer.result.title == "Morning")
            #expect(answer.usage.input == 240)
        }
        let second = try #require(server.requests.last?.body["messages"]?.arrayValue)
        #expect(second.count == 4)
        #expect(second.last?["content"]?.stringValue?.contains("no JSON object") == true)
    }

    @Test(arguments: [
        "nonsense", "{}", #"{"title": "T", "musicMood": "calm", "scenes": []}"#,
        #"{"title": 7, "musicMood": "calm", "scenes": [{"narration": "A"}]}"#,
        #"{"title": "T", "musicMood": "calm", "scenes": [{"narration": "  "}]}"#,
    ]) func afterTwoTriesItIsInvalid(content: String) async throws {
        let server = ProviderServer([completion(.string(content))])
        try await server.run { http, url in
            let error = await #expect(throws: ProviderError.self) { try await chat(http, url).script(try request) }
            #expect(error?.code == .invalidAnswer)
        }
        #expect(server.requests.count == 2)
    }

    @Test func faultsAreTyped() async throws {
        let cases: [(ProviderServer.Answer, ProviderError.Code, Bool)] = [
            (
                fault(
                    .tooManyRequests, "Rate limit reached for gpt-4o-mini on requests per min (RPM).", type: "requests",
                    code: "rate_limit_exceeded", headers: ["Retry-After": "20"]), .rateLimited, true
            ),
            (
                fault(
                    .tooManyRequests, "You exceeded your current quota, please check your plan and billing details.",
                    type: "insufficient_quota", code: "insufficient_quota"), .quotaExceeded, false
            ),
            (
                fault(
                    .unauthorized, "Incorrect API key provided: sk-te*t.", type: "invalid_request_error",
                    code: "invalid_api_key"), .unauthorized, false
            ),
            (
                fault(
                    .notFound, "The model `gpt-9` does not exist or you do not have access to it.",
                    type: "invalid_request_error", code: "model_not_found"), .refused, false
            ),
            (
                fault(.internalServerError, "The server had an error.", type: "server_error", code: nil), .unavailable,
                true
            ),
            (
                fault(.serviceUnavailable, "The engine is overloaded.", type: "server_error", code: nil), .unavailable,
                true
            ),
            (.init(status: .badGateway, body: "<html>bad gateway</html>"), .unavailable, true),
            (.init(body: ["choices": []]), .invalidAnswer, true),
            (completion(nil, refusal: "I can't help with that."), .refused, false),
            (completion(nil, finish: "content_filter"), .refused, false),
            (completion("{", finish: "length"), .invalidAnswer, true),
        ]
        for (answer, code, isRetriable) in cases {
            let server = ProviderServer([answer])
            try await server.run { http, url in
                let error = await #expect(throws: ProviderError.self) { try await chat(http, url).script(try request) }
                #expect(error?.code == code, "\(answer.body)")
                #expect(error?.isRetriable == isRetriable)
                #expect(error?.reason.contains("sk-") == false)
                if code == .rateLimited { #expect(error?.retryAfter == .seconds(20)) }
            }
        }
    }

    @Test func noAnswerInTime() async throws {
        let server = ProviderServer([.init(body: [:], delay: .seconds(20))])
        try await server.run { http, url in
            var chat = chat(http, url)
            chat.timeout = .milliseconds(200)
            let slow = chat
            let error = await #expect(throws: ProviderError.self) { try await slow.script(try request) }
            #expect(error?.code == .timedOut)
        }
    }

    @Test func nobodyThere() async throws {
        let chat = OpenAIChat(http: HTTPClient(), baseURL: "http://127.0.0.1:9/v1", key: "sk-test", model: "m")
        let error = await #expect(throws: ProviderError.self) { try await chat.script(try request) }
        #expect(error?.code == .unavailable)
    }
}
