/// The embedded voices: the natural one for its language where it is installed, espeak-ng for all others.
public final class EmbeddedSpeech: SpeechEngine {
    public let name = "embedded"
    /// Why there is no natural voice, where there is none: for the log, said honestly.
    public let naturalVoiceFault: SpeechError?
    private let natural: NaturalVoice?
    private let onFallback: @Sendable (SpeechError) -> Void
    private let fallback: EspeakVoice

    /// - Parameters:
    ///   - folder: where the natural voice is installed; `nil` for none.
    ///   - espeak: path of the program espeak-ng.
    ///   - idle: how long the natural voice stays in memory after its last use.
    ///   - onFallback: told whenever espeak-ng speaks because the natural voice could not be loaded.
    public init(
        folder: String?, espeak: String = "/usr/bin/espeak-ng", idle: Duration = .seconds(15),
        onFallback: @escaping @Sendable (SpeechError) -> Void = { _ in }
    ) {
        self.onFallback = onFallback
        fallback = EspeakVoice(path: espeak)
        do throws(SpeechError) {
            guard let folder else {
                throw SpeechError(.engineUnavailable, "no folder of a natural voice is configured")
            }
            natural = try NaturalVoice(folder: VoiceFolder(path: folder), espeak: espeak, idle: idle)
            naturalVoiceFault = nil
        } catch {
            natural = nil
            naturalVoiceFault = error
        }
    }

    /// Whether the natural voice is in memory.
    public var isLoaded: Bool { natural?.isLoaded ?? false }

    public func speaks(_ language: String) async -> Bool {
        if await natural?.speaks(language) == true { return true }
        return await fallback.speaks(language)
    }

    /// Speaks with the best voice for the language; ``Recording/engine`` says which one it was. A natural voice that
    /// cannot be loaded does not fail the work.
    public func speak(_ text: String, language: String) async throws -> Recording {
        if let natural, await natural.speaks(language) {
            do {
                return try await natural.speak(text, language: language)
            } catch let error as SpeechError where error.code == .engineUnavailable {
                onFallback(error)
                return try await fallback.speak(text, language: language)
            }
        }
        return try await fallback.speak(text, language: language)
    }
}
