import Sound
import Speech
import Testing

@Suite struct EspeakVoiceTests {
    private let voice = EspeakVoice()

    @Test(arguments: [
        ("de", "Guten Morgen, liebe Welt. Der Kaffee ist fertig."), ("fr-FR", "Bonjour le monde, le café est prêt."),
        ("pt-BR", "Bom dia, o café está pronto."), ("ru", "Доброе утро, кофе готов."), ("zh-CN", "早上好，咖啡好了。"),
    ])
    func speaks(language: String, text: String) async throws {
        let recording = try await voice.speak(text, language: language)
        #expect(recording.engine == "espeak-ng")
        #expect((900...9000).contains(recording.durationMs))
        #expect(abs(try #require(recording.sound.loudness) + 20) < 1.5)
        #expect(recording.sound.peak < 0.9)
        #expect(recording.phrases.last?.endMs ?? 0 <= recording.durationMs)
        #expect(!recording.words.isEmpty)
    }

    @Test(arguments: ["xx", "tlh-Latn", "", "../../etc", "-q"]) func unknownLanguages(language: String) async {
        #expect(await voice.speaks(language) == false)
        let error = await #expect(throws: SpeechError.self) { try await voice.speak("Hello.", language: language) }
        #expect(error?.code == .unsupportedLanguage)
    }

    @Test func missingProgram() async {
        let error = await #expect(throws: SpeechError.self) {
            try await EspeakVoice(path: "/nowhere/espeak-ng").speak("Hello.", language: "en")
        }
        #expect(error?.code == .engineUnavailable)
    }

    @Test func cancellationEndsTheProgram() async throws {
        let text = String(repeating: "This is one long story about coffee. ", count: 200)
        let task = Task { try await EspeakVoice().speak(text, language: "en") }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func fallsBackWithoutANaturalVoice() async throws {
        let speech = EmbeddedSpeech(folder: "/nowhere")
        #expect(speech.naturalVoiceFault?.code == .engineUnavailable)
        #expect(try await speech.speak("Hello there.", language: "en").engine == "espeak-ng")
    }
}
