import FoundationEssentials
import HTTP
import Primitives

/// Imitations of a text and a speech provider, with the shapes of answers and errors that the real ones have.
struct ProviderImitations {
    let history: History
    let faults: FaultPlan

    func add(to routes: inout Router) {
        routes.post("/openai/v1/chat/completions", chat)
        routes.post("/elevenlabs/v1/text-to-speech/{voice}/with-timestamps", speak)
    }

    // MARK: OpenAI-compatible chat

    private struct Chat: Decodable {
        struct Message: Decodable {
            let role: String
            let content: String
        }
        let model: String
        let messages: [Message]
    }

    private func chat(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard request.headers["Authorization"]?.hasPrefix("Bearer sk-") == true else {
            return try failure(.unauthorized, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
        }
        let chat = try await request.decode(Chat.self)
        let fault = faults.take("openai")
        history.add("openai", "chat", outcome: fault?.kind.rawValue ?? "ok", ["model": chat.model])
        switch fault?.kind {
        case .rateLimited:
            var answer = try failure(
                .tooManyRequests, "Rate limit reached for requests.", "requests", "rate_limit_exceeded")
            answer.headers.set("Retry-After", String(fault?.retryAfterSeconds ?? 1))
            return answer
        case .expiredToken:
            return try failure(.unauthorized, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
        case .unavailable:
            return try failure(.serviceUnavailable, "The server is overloaded.", "server_error", nil)
        case .timeoutAfterSuccess: try await Task.sleep(for: .seconds(fault?.retryAfterSeconds ?? 120))
        default: break
        }
        let content = fault?.kind == .nonsense ? "I would rather not." : try script(chat.messages.last?.content ?? "")
        return try .json(
            .ok,
            [
                "id": .string("chatcmpl-\(UUID.v7().text)"), "object": "chat.completion",
                "created": .int(Int64(Date().timeIntervalSince1970)), "model": .string(chat.model),
                "choices": [
                    [
                        "index": 0, "finish_reason": "stop",
                        "message": ["role": "assistant", "content": .string(content)],
                    ]
                ],
                "usage": [
                    "prompt_tokens": .int(Int64(chat.messages.reduce(0) { $0 + $1.content.count } / 4)),
                    "completion_tokens": .int(Int64(content.count / 4)), "total_tokens": .int(Int64(content.count / 2)),
                ],
            ] as JSONValue)
    }

    /// A script as the prompt asks for it: one scene for each sentence of the last message.
    private func script(_ prompt: String) throws -> String {
        let brief = prompt.split(separator: "\n").last.map(String.init) ?? prompt
        let sentences = brief.split(whereSeparator: { ".!?".contains($0) })
            .map { $0.split(separator: " ").joined(separator: " ") }.filter { !$0.isEmpty }
        let scenes = sentences.prefix(12).enumerated().map { index, sentence -> JSONValue in
            ["id": .string("s\(index + 1)"), "narration": .string(sentence + "."), "visualPrompt": .string(sentence)]
        }
        let title = sentences.first?.split(separator: " ").prefix(5).joined(separator: " ") ?? "Untitled"
        return try JSON.text(
            ["title": .string(title), "musicMood": "calm", "scenes": .array(scenes)] as JSONValue)
    }

    private func failure(
        _ status: HTTPStatus, _ message: String, _ type: String, _ code: String?
    ) throws -> HTTPResponse {
        try .json(
            status,
            [
                "error": [
                    "message": .string(message), "type": .string(type), "param": nil,
                    "code": code.map { .string($0) } ?? .null,
                ]
            ] as JSONValue)
    }

    // MARK: ElevenLabs speech

    private struct Speech: Decodable {
        let text: String
    }

    private func speak(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard let key = request.headers["xi-api-key"], !key.isEmpty else {
            return try detail(.unauthorized, "invalid_api_key", "Invalid API key")
        }
        let speech = try await request.decode(Speech.self)
        let fault = faults.take("elevenlabs")
        history.add(
            "elevenlabs", "speak", outcome: fault?.kind.rawValue ?? "ok", ["characters": "\(speech.text.count)"])
        switch fault?.kind {
        case .rateLimited:
            return try detail(.tooManyRequests, "too_many_concurrent_requests", "Too many concurrent requests")
        case .expiredToken: return try detail(.unauthorized, "invalid_api_key", "Invalid API key")
        case .unavailable: return try detail(.serviceUnavailable, "system_busy", "The system is busy")
        case .nonsense: return try .json(.ok, ["audio_base64": "!!", "alignment": nil] as JSONValue)
        case .timeoutAfterSuccess: try await Task.sleep(for: .seconds(fault?.retryAfterSeconds ?? 120))
        default: break
        }
        let characters = speech.text.map(String.init)
        let each = 0.06
        let samples = Data(Self.hum(seconds: each * Double(characters.count), rate: 22_050))
        return try .json(
            .ok,
            [
                "audio_base64": .string(samples.base64EncodedString()),
                "alignment": [
                    "characters": .array(characters.map { .string($0) }),
                    "character_start_times_seconds": .array(characters.indices.map { .double(Double($0) * each) }),
                    "character_end_times_seconds": .array(characters.indices.map { .double(Double($0 + 1) * each) }),
                ],
            ] as JSONValue)
    }

    private func detail(_ status: HTTPStatus, _ code: String, _ message: String) throws -> HTTPResponse {
        try .json(status, ["detail": ["status": .string(code), "message": .string(message)]] as JSONValue)
    }

    /// A soft low tone with the rhythm of syllables, 16-bit little-endian mono: clearly no voice, and not silence.
    private static func hum(seconds: Double, rate: Int) -> [UInt8] {
        let count = Int(seconds * Double(rate))
        var phase = 0
        return (0..<count).flatMap { index -> [UInt8] in
            // A triangle wave of 147 Hz: no need of a sine.
            phase = (phase + 147 * 4) % (rate * 4)
            let ramp = abs(phase - rate * 2) - rate
            let syllable = (index / (rate / 5)).isMultiple(of: 3) ? 1 : 3
            let sample = Int16(clamping: ramp * syllable * 2000 / rate)
            return [UInt8(truncatingIfNeeded: sample), UInt8(truncatingIfNeeded: sample >> 8)]
        }
    }
}
