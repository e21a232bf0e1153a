import FoundationEssentials
import HTTP
import NetworkClient
import Primitives
import Sound
import Speech
import Testing

@testable import MLWorkerService

/// ElevenLabs' speech with timestamps, with the shapes of answers and errors that the real server has.
@Suite struct ElevenLabsSpeechTests {
    private static let text = "Good morning, world. The coffee is ready."

    /// A tone of 16-bit samples, and times of 50 ms for each character of `text`.
    private func spoken(_ text: String) -> JSONValue {
        let count = text.unicodeScalars.count
        var data = Data()
        for index in 0..<count * 22_050 / 20 {
            let sample = Int16(((index * 400) % 12_000) - 6_000)
            data.append(UInt8(truncatingIfNeeded: sample))
            data.append(UInt8(truncatingIfNeeded: sample >> 8))
        }
        let alignment: JSONValue = [
            "characters": .array(text.unicodeScalars.map { .string(String($0)) }),
            "character_start_times_seconds": .array((0..<count).map { .double(Double($0) * 0.05) }),
            "character_end_times_seconds": .array((0..<count).map { .double(Double($0 + 1) * 0.05) }),
        ]
        return [
            "audio_base64": .string(data.base64EncodedString()), "alignment": alignment,
            "normalized_alignment": alignment,
        ]
    }

    private func speech(_ http: HTTPClient, _ url: String) -> ElevenLabsSpeech {
        ElevenLabsSpeech(
            http: http, baseURL: url, key: "xi-test", voice: "21m00Tcm4TlvDq8ikWAM", model: "eleven_multilingual_v2",
            timeout: .seconds(5))
    }

    @Test func speaksWithTimes() async throws {
        let server = ProviderServer([.init(body: spoken(Self.text))])
        try await server.run { http, url in
            let answer = try await speech(http, url).speak(Self.text, language: "en")
            let recording = answer.result
            #expect(recording.engine == "elevenlabs/eleven_multilingual_v2")
            #expect(abs(recording.durationMs - Self.text.count * 50) < 5)
            #expect(recording.phrases.map(\.text) == ["Good morning,", "world.", "The coffee is ready."])
            #expect(recording.phrases[1].startMs == 700)
            #expect(abs(recording.phrases[2].endMs - recording.durationMs) < 5)
            #expect(recording.words.count == 7)
            let loudness = try #require(recording.sound.loudness)
            #expect(abs(loudness + 20) < 1)
            #expect(answer.usage.input == Self.text.count)
        }
        let asked = try #require(server.requests.first)
        #expect(asked.headers["xi-api-key"] == "xi-test")
        #expect(asked.body["model_id"] == "eleven_multilingual_v2")
    }

    @Test func faultsAreTyped() async throws {
        func detail(_ status: HTTPStatus, _ kind: String, _ message: String) -> ProviderServer.Answer {
            .init(status: status, body: ["detail": ["status": .string(kind), "message": .string(message)]])
        }
        let cases: [(ProviderServer.Answer, ProviderError.Code)] = [
            (detail(.unauthorized, "invalid_api_key", "Invalid API key"), .unauthorized),
            (
                detail(
                    .unauthorized, "quota_exceeded",
                    "This request exceeds your quota of 10000. You have 0 credits remaining."), .quotaExceeded
            ),
            (detail(.tooManyRequests, "too_many_concurrent_requests", "Too many concurrent requests."), .rateLimited),
            (detail(.tooManyRequests, "system_busy", "The system is experiencing heavy traffic."), .rateLimited),
            (detail(.notFound, "voice_not_found", "A voice with this id was not found."), .refused),
            (
                .init(
                    status: .unprocessableContent,
                    body: [
                        "detail": [["loc": ["body", "text"], "msg": "field required", "type": "value_error.missing"]]
                    ]), .refused
            ),
            (.init(status: .serviceUnavailable, body: "busy"), .unavailable),
            (.init(body: ["audio_base64": "!!", "alignment": nil]), .invalidAnswer),
            (.init(body: "no object"), .invalidAnswer),
        ]
        for (answer, code) in cases {
            let server = ProviderServer([answer])
            try await server.run { http, url in
                let error = await #expect(throws: ProviderError.self) {
                    try await speech(http, url).speak(Self.text, language: "en")
                }
                #expect(error?.code == code, "\(answer.body)")
            }
        }
    }

    @Test func timesThatCannotBe() async throws {
        var broken = spoken(Self.text).objectValue ?? [:]
        broken["alignment"] = [
            "characters": ["a", "b"], "character_start_times_seconds": [1], "character_end_times_seconds": [1, 2],
        ]
        let server = ProviderServer([.init(body: .object(broken))])
        try await server.run { http, url in
            let error = await #expect(throws: ProviderError.self) {
                try await speech(http, url).speak(Self.text, language: "en")
            }
            #expect(error?.code == .invalidAnswer)
        }
        let clock = CharacterClock(
            characters: ["a", "b", "c"], starts: [0.5, 0.1, .nan], ends: [0.2, -4, 1e300], limitMs: 900)
        let span = clock.span("abc", at: 0)
        #expect(span.startMs == 500)
        #expect(span.endMs <= 36_000_000 && span.endMs > span.startMs)
        #expect(clock.span("beyond", at: 40).endMs > clock.span("beyond", at: 40).startMs)
    }

    @Test func languages() async {
        let speech = speech(HTTPClient(), "http://127.0.0.1:9")
        #expect(await speech.speaks("pt-BR"))
        #expect(await speech.speaks("tlh") == false)
    }
}
