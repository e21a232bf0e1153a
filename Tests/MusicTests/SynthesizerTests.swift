import FoundationEssentials
import Music
import Sound
import Testing

@Suite struct SynthesizerTests {
    @Test(arguments: Mood.allCases) func soundsLikeABed(mood: Mood) async throws {
        let score = try Composer.compose(mood: mood, durationMs: 24_000, seed: 11)
        let sound = try await Synthesizer().render(score)
        #expect(sound.channels == 2)
        #expect(sound.sampleRate == 48_000)
        #expect(sound.frames == 24 * 48_000)
        #expect(abs(try #require(sound.loudness) + 20) < 1)
        #expect(sound.peak < 0.7)
        // It ends in silence and not before its end.
        let mono = SoundBuffer(
            samples: stride(from: 0, to: sound.samples.count, by: 2).map { sound.samples[$0] }, sampleRate: 48_000)
        let levels = mono.levels(window: 4_800)
        #expect(levels.last ?? 1 < 0.003)
        let cadence = levels[(score.cadenceMs / 100)...]
        #expect(cadence.prefix(10).max() ?? 0 > 0.01)
        // No hole of a second anywhere before the last chord fades.
        let quiet = levels.prefix(score.cadenceMs / 100).split { $0 > 0.002 }.map(\.count).max() ?? 0
        #expect(quiet < 10, "\(mood) is silent for \(quiet * 100) ms")
        if let folder = ProcessInfo.processInfo.environment["MUSIC_TEST_OUTPUT"] {
            try WAVEFile.encode(sound).write(to: URL(filePath: "\(folder)/\(mood.rawValue).wav"))
        }
    }

    @Test func shortest() async throws {
        let sound = try await Synthesizer().render(Composer.compose(mood: .warm, durationMs: 1_000, seed: 1))
        #expect(sound.durationMs == 1_000)
        #expect(sound.peak > 0.02)
    }

    @Test func noSoundFont() async throws {
        let score = try Composer.compose(mood: .warm, durationMs: 2_000, seed: 1)
        for path in ["/nowhere.sf2", "/etc/passwd"] {
            let error = await #expect(throws: MusicError.self) {
                try await Synthesizer(soundFont: path).render(score)
            }
            #expect(error?.code == .noSoundFont)
        }
    }

    @Test func cancelled() async throws {
        let score = try Composer.compose(mood: .warm, durationMs: 600_000, seed: 1)
        let task = Task { try await Synthesizer().render(score) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
