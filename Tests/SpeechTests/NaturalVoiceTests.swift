import FoundationEssentials
import Glibc
import Sound
import Speech
import Testing

/// The folder of the natural voice, where it is installed: `VOICE_DIR`, or `.cache/voice` in the checkout.
private let folder: String? = {
    let environment = ProcessInfo.processInfo.environment["VOICE_DIR"]
    let checkout = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/.cache/voice"
    return [environment, checkout].compactMap { $0 }.first { (try? VoiceFolder(path: $0)) != nil }
}()

@Suite(.serialized, .enabled(if: folder != nil, "scripts/lib/voice.sh installs the natural voice"))
struct NaturalVoiceTests {
    private static let text = """
        Some mornings begin before the world is awake. The clouds drift over the meadow, a brook runs through the \
        grass, and one small bird sings. Coffee first; then everything else.
        """

    @Test func speaksNaturally() async throws {
        let voice = EmbeddedSpeech(folder: folder, idle: .seconds(60))
        #expect(voice.naturalVoiceFault == nil)
        let recording = try await voice.speak(Self.text, language: "en-GB")
        #expect(recording.engine == "sherpa-onnx/en_US-joe-medium")
        #expect(recording.sound.sampleRate == 22_050)
        // 29 words: between 100 and 230 a minute.
        #expect((7_500...17_500).contains(recording.durationMs))
        #expect(abs(try #require(recording.sound.loudness) + 20) < 1.5)
        #expect(recording.sound.peak < 0.9)
        #expect(recording.phrases.count == 6)
        #expect(recording.phrases.map(\.text).joined(separator: " ") == Self.text)
        #expect(recording.words.count == 30)
        for (before, after) in zip(recording.phrases, recording.phrases.dropFirst()) {
            #expect(before.endMs <= after.startMs)
        }
        // What is said to be speech is louder than what is said to be pause.
        let levels = recording.sound.levels(window: 220)
        func level(_ from: Int, _ to: Int) -> Float {
            let part = levels[max(0, from / 10)..<min(levels.count, max(from / 10 + 1, to / 10))]
            return part.reduce(0, +) / Float(max(1, part.count))
        }
        for (before, after) in zip(recording.phrases, recording.phrases.dropFirst()) {
            #expect(level(before.startMs, before.endMs) > 4 * level(before.endMs, after.startMs))
        }
        if let path = ProcessInfo.processInfo.environment["VOICE_TEST_OUTPUT"] {
            try WAVEFile.encode(recording.sound).write(to: URL(filePath: path))
            print(recording.phrases)
        }
    }

    @Test func unloadsWhenIdleAndLoadsAgain() async throws {
        let voice = try NaturalVoice(folder: VoiceFolder(path: try #require(folder)), idle: .milliseconds(50))
        #expect(voice.isLoaded == false)
        _ = try await voice.speak("Hello.", language: "en")
        let deadline = ContinuousClock.now + .seconds(10)
        while voice.isLoaded, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(voice.isLoaded == false)
        #expect(try await voice.speak("Hello again.", language: "en").durationMs > 300)
        await voice.unload()
        #expect(voice.isLoaded == false)
    }

    @Test func severalAtOnceShareOneModel() async throws {
        let voice = EmbeddedSpeech(folder: folder)
        let lengths = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...4 {
                group.addTask { try await voice.speak("This is number \(number).", language: "en").durationMs }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(lengths.count == 4)
        #expect(lengths.allSatisfy { (500...4000).contains($0) })
    }

    @Test func anotherScriptIsNotAFault() async throws {
        let voice = EmbeddedSpeech(folder: folder)
        let recording = try await voice.speak("The word for tea is чай. 茶 is another.", language: "en")
        #expect(recording.durationMs > 800)
    }

    @Test func otherLanguagesAreForOthers() async throws {
        let voice = try NaturalVoice(folder: VoiceFolder(path: try #require(folder)))
        #expect(await voice.speaks("de") == false)
        #expect(try await EmbeddedSpeech(folder: folder).speak("Guten Tag.", language: "de").engine == "espeak-ng")
    }

    @Test func aDamagedFolderIsRefused() throws {
        let copy = FileManager.default.temporaryDirectory.path() + "voice-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        for name in ["lib", "tokens.txt", "voice.json"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(copy)/\(name)", withDestinationPath: "\(try #require(folder))/\(name)")
        }
        try Data("no model".utf8).write(to: URL(filePath: "\(copy)/model.onnx"))
        #expect(throws: SpeechError.self) { try VoiceFolder(path: copy) }
    }
}
