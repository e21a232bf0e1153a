internal import Execution
internal import FoundationEssentials
internal import Sound
internal import Synchronization

/// The program espeak-ng (GPL-3) as a child process, which keeps it apart from ours.
final class EspeakProgram: Sendable {
    private let path: String
    private let pool = BlockingPool(name: "espeak", threads: 2, queueLimit: 256)
    private let known = Mutex<Set<String>?>(nil)

    init(path: String) { self.path = path }

    /// espeak-ng's name of the voice for a language (BCP 47): the exact one, or that of the language without region.
    /// - Throws: ``SpeechError`` where the program cannot be asked, `CancellationError`.
    func voice(for language: String) async throws -> String? {
        let voices = try await voices()
        let tag = language.lowercased().split(separator: "_").joined(separator: "-")
        if tag == "en" { return voices.contains("en-us") ? "en-us" : nil }
        if tag == "zh" || tag.hasPrefix("zh-") { return voices.contains("cmn") ? "cmn" : nil }
        if voices.contains(tag) { return tag }
        let base = tag.split(separator: "-").first.map(String.init) ?? tag
        return [base, "\(base)-\(base)"].first { voices.contains($0) }
    }

    /// The sounds of a clause, in the International Phonetic Alphabet.
    func phonemes(_ text: String, voice: String) async throws -> String {
        let output = try await run(["-q", "--ipa", "-b", "1", "-v", voice, "--stdin"], input: text)
        return String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
            .joined(separator: " ").split(separator: " ").joined(separator: " ")
    }

    /// A clause spoken by espeak-ng itself.
    func speak(_ text: String, voice: String) async throws -> SoundBuffer {
        let output = try await run(["--stdout", "-b", "1", "-s", "158", "-v", voice, "--stdin"], input: text)
        do {
            return try WAVEFile.decode(output)
        } catch {
            throw SpeechError(.engineFailed, "espeak-ng: \(error)")
        }
    }

    private func voices() async throws -> Set<String> {
        if let voices = known.withLock({ $0 }) { return voices }
        let output = try await run(["--voices"], input: "")
        // Columns: priority, language, age and gender, name, file, other languages in brackets.
        let languages = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline).dropFirst()
            .compactMap { line -> String? in
                let columns = line.split(separator: " ")
                return columns.count > 1 ? columns[1].lowercased() : nil
            }
        let voices = Set(languages)
        known.withLock { $0 = voices }
        return voices
    }

    private func run(_ arguments: [String], input: String) async throws -> Data {
        let flag = CancellationFlag()
        let child = ChildProcess(path: path)
        return try await withTaskCancellationHandler {
            try await pool.run {
                let result = try child.run(arguments, input: input, flag: flag)
                guard result.code == 0 else {
                    throw SpeechError(.engineFailed, "espeak-ng ended with \(result.code): \(result.errors)")
                }
                return result.output
            }
        } onCancel: {
            flag.cancel()
        }
    }
}
