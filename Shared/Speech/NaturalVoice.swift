internal import Primitives
internal import Sound

/// A natural voice in this process: espeak-ng says which sounds, a VITS model (Piper) by sherpa-onnx speaks them.
public final class NaturalVoice: SpeechEngine {
    public let name: String
    private let folder: VoiceFolder
    private let espeak: EspeakProgram
    private let model: SherpaModel
    private let symbols: Set<Unicode.Scalar>

    /// Longest sentence that the model is given at once, in phonemes; its time and memory grow with the square.
    private static let maximumPhonemes = 400

    /// - Parameters:
    ///   - folder: libraries and model.
    ///   - espeak: path of the program espeak-ng.
    ///   - idle: how long the model stays in memory after its last use.
    /// - Throws: ``SpeechError`` with `engineUnavailable`.
    public init(folder: VoiceFolder, espeak: String = "/usr/bin/espeak-ng", idle: Duration = .seconds(15))
        throws(SpeechError)
    {
        self.folder = folder
        self.espeak = EspeakProgram(path: espeak)
        self.model = SherpaModel(folder: folder, idle: idle)
        self.symbols = try folder.symbols()
        self.name = "sherpa-onnx/\(folder.name)"
    }

    /// Whether the model is in memory.
    public var isLoaded: Bool { model.isLoaded }

    public func speaks(_ language: String) async -> Bool {
        language.lowercased().split(whereSeparator: { "-_".contains($0) }).first.map(String.init) == folder.language
    }

    public func speak(_ text: String, language: String) async throws -> Recording {
        let narration = try Narration(text)
        guard await speaks(language) else {
            throw SpeechError(.unsupportedLanguage, "\(name) speaks \(folder.language) only")
        }
        var builder = RecordingBuilder()
        for sentence in narration.sentences {
            try Task.checkCancellation()
            var group: [(clause: Narration.Clause, sounds: String)] = []
            for clause in sentence {
                let sounds = try await espeak.phonemes(clause.spoken, voice: folder.manifest.espeakVoice)
                let length = group.reduce(0) { $0 + $1.sounds.count }
                if !group.isEmpty, length + sounds.count > Self.maximumPhonemes {
                    try await append(group, to: &builder)
                    group = []
                }
                group.append((clause, sounds))
            }
            try await append(group, to: &builder)
        }
        return try builder.finish(engine: name)
    }

    /// Gives the model's memory back at once.
    public func unload() async { await model.unload() }

    private func append(_ group: [(clause: Narration.Clause, sounds: String)], to builder: inout RecordingBuilder)
        async throws
    {
        let phonemes = Phonemes.sentence(group.map { ($0.sounds, $0.clause.mark) }, symbols: symbols)
        // Nothing that the voice has a sound for: letters of another script.
        guard phonemes.contains(where: { $0.properties.isAlphabetic }) else { return }
        let parts = group.map { clause, sounds in
            SentenceTiming.Part(
                text: clause.text, weight: Phonemes.weight(sounds) + 1.5,
                words: Phonemes.words(clause.text, sounds: sounds))
        }
        builder.append(try await model.speak(phonemes), parts: parts)
    }
}
