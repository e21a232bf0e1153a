import FoundationEssentials
import HTTP
import NetworkClient
import Primitives
import Sound
import Speech

/// ElevenLabs (ML-039): `POST /v1/text-to-speech/{voice}/with-timestamps`, which says for each character when it is
/// spoken.
struct ElevenLabsSpeech: SpeechProvider {
    private static let rate = 22_050

    let name = "elevenlabs"
    let http: HTTPClient
    /// As in `https://api.elevenlabs.io`.
    let baseURL: String
    let key: String
    let voice: String
    let model: String
    var timeout: Duration = .seconds(90)

    /// The languages of `eleven_multilingual_v2`.
    private static let languages = Set(
        """
        en ja zh de hi fr ko pt it es id nl tr fil tl pl sv bg ro ar cs el fi hr ms sk da ta uk ru
        """.split(whereSeparator: \.isWhitespace).map(String.init))

    func speaks(_ language: String) async -> Bool {
        let base = language.lowercased().split { $0 == "-" || $0 == "_" }.first.map(String.init) ?? ""
        return Self.languages.contains(base)
    }

    func speak(_ text: String, language: String) async throws -> ProviderAnswer<Recording> {
        let narration = try Narration(text)
        let clauses = narration.sentences.flatMap { $0 }
        let sent = clauses.map(\.text).joined(separator: " ")
        let request = try HTTPClientRequest.json(
            .POST, "\(baseURL)/v1/text-to-speech/\(voice)/with-timestamps?output_format=pcm_\(Self.rate)",
            ["text": .string(sent), "model_id": .string(model)] as JSONValue,
            headers: ["xi-api-key": key, "Accept": "application/json"], timeout: timeout)
        let data = try await ProviderHTTP.send(request, by: http, provider: name, fault: Self.fault)
        let recording = try Self.recording(data, clauses.map(\.text), engine: "\(name)/\(model)")
        return ProviderAnswer(
            result: recording,
            usage: ProviderUsage(unit: "character", input: sent.count, output: recording.durationMs))
    }

    private struct Answer: Decodable {
        struct Alignment: Decodable {
            var characters: [String]
            var starts: [Double]
            var ends: [Double]

            private enum CodingKeys: String, CodingKey {
                case characters
                case starts = "character_start_times_seconds"
                case ends = "character_end_times_seconds"
            }
        }
        var audio: String
        var alignment: Alignment?

        private enum CodingKeys: String, CodingKey {
            case audio = "audio_base64"
            case alignment
        }
    }

    /// Reads an answer: 16-bit samples, and the times of the clauses that were sent, joined by spaces.
    private static func recording(_ data: Data, _ clauses: [String], engine: String) throws -> Recording {
        func fault(_ reason: String) -> ProviderError {
            ProviderError(provider: "elevenlabs", code: .invalidAnswer, reason: reason)
        }
        guard let answer = try? JSON.decode(Answer.self, from: data) else { throw fault("the answer is no speech") }
        guard let bytes = Data(base64Encoded: answer.audio), bytes.count >= rate / 5 else {
            throw fault("the answer has no sound")
        }
        var sound = SoundBuffer(samples: samples(bytes), sampleRate: rate)
        guard sound.peak > 0.001 else { throw fault("the sound is silence") }
        sound.normalise(to: -20)
        guard let alignment = answer.alignment,
            alignment.characters.count == alignment.starts.count, alignment.starts.count == alignment.ends.count
        else { throw fault("the answer has no times") }
        let clock = CharacterClock(
            characters: alignment.characters, starts: alignment.starts, ends: alignment.ends,
            limitMs: sound.durationMs)
        var phrases: [SpokenSpan] = []
        var words: [SpokenSpan] = []
        var offset = 0
        for clause in clauses {
            var place = offset
            for word in clause.split(separator: " ") {
                words.append(clock.span(String(word), at: place))
                place += word.unicodeScalars.count + 1
            }
            phrases.append(clock.span(clause, at: offset))
            offset += clause.unicodeScalars.count + 1
        }
        return Recording(sound: sound, phrases: phrases, words: words, engine: engine)
    }

    private static func samples(_ bytes: Data) -> [Float] {
        let raw = [UInt8](bytes)
        return (0..<raw.count / 2).map { index in
            Float(Int16(bitPattern: UInt16(raw[index * 2]) | UInt16(raw[index * 2 + 1]) << 8)) / 32768
        }
    }

    /// What an error answer means: `{"detail": {"status", "message"}}`, or FastAPI's list of faults.
    private static func fault(_ status: Int, _ body: Data) -> (ProviderError.Code, String)? {
        let detail = (try? JSON.decode(JSONValue.self, from: body))?["detail"]
        let kind = detail?["status"]?.stringValue ?? detail?["code"]?.stringValue
        let message = detail?["message"]?.stringValue ?? detail?.arrayValue?.first?["msg"]?.stringValue
        let reason = message.map { String($0.prefix(200)) } ?? kind ?? "status \(status)"
        switch kind {
        // Comes as 401, though the key is right.
        case "quota_exceeded": return (.quotaExceeded, reason)
        case "too_many_concurrent_requests", "system_busy", "rate_limit_exceeded": return (.rateLimited, reason)
        default: return ProviderHTTP.code(of: status).map { ($0, reason) }
        }
    }
}
