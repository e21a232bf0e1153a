internal import Sound

/// The formant voices of espeak-ng: about a hundred languages, small, intelligible, plainly a machine.
public final class EspeakVoice: SpeechEngine {
    public let name = "espeak-ng"
    private let program: EspeakProgram

    /// - Parameter path: of the program.
    public init(path: String = "/usr/bin/espeak-ng") { program = EspeakProgram(path: path) }

    public func speaks(_ language: String) async -> Bool { (try? await program.voice(for: language)) != nil }

    public func speak(_ text: String, language: String) async throws -> Recording {
        let narration = try Narration(text)
        guard let voice = try await program.voice(for: language) else {
            throw SpeechError(.unsupportedLanguage, "espeak-ng has no voice for this language")
        }
        var builder = RecordingBuilder()
        for sentence in narration.sentences {
            try Task.checkCancellation()
            let text = sentence.map { "\($0.spoken)\($0.mark)" }.joined(separator: " ")
            let parts = sentence.map { clause in
                SentenceTiming.Part(
                    text: clause.text, weight: Double(clause.spoken.count) + 2,
                    words: Phonemes.words(clause.text, sounds: clause.spoken))
            }
            builder.append(try await program.speak(text, voice: voice), parts: parts)
        }
        return try builder.finish(engine: name)
    }
}
