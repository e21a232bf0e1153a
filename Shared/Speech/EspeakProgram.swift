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
        let lines = try await run(["-q", "--ipa", "-b", "1", "-v", voice, "--stdin"], input: text)
        return lines.joined(separator: " ").split(separator: " ").joined(separator: " ")
    }

    /// A clause spoken by espeak-ng itself.
    func speak(_ text: String, voice: String) async throws -> SoundBuffer {
        let file = FileManager.default.temporaryDirectory.appending(path: "espeak-\(UUID().uuidString).wav")
        defer { try? FileManager.default.removeItem(at: file) }
        _ = try await run(["-w", file.path(), "-b", "1", "-s", "158", "-v", voice, "--stdin"], input: text)
        guard let data = try? Data(contentsOf: file) else {
            throw SpeechError(.engineFailed, "espeak-ng left no sound")
        }
        do {
            return try WAVEFile.decode(data)
        } catch {
            throw SpeechError(.engineFailed, "espeak-ng: \(error)")
        }
    }

    private func voices() async throws -> Set<String> {
        if let voices = known.withLock({ $0 }) { return voices }
        let lines = try await run(["--voices"], input: "")
        // Columns: priority, language, age and gender, name, file, other languages in brackets.
        let languages = lines.dropFirst().compactMap { line -> String? in
            let columns = line.split(separator: " ")
            return columns.count > 1 ? columns[1].lowercased() : nil
        }
        let voices = Set(languages)
        known.withLock { $0 = voices }
        return voices
    }

    /// Runs the program; gives the lines that it writes.
    private func run(_ arguments: [String], input: String) async throws -> [String] {
        // A fixed locale: the same words give the same sounds everywhere.
        let child = ChildProcess(path, arguments, environment: ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"])
        let lines = Mutex<[String]>([])
        let result: ChildProcess.Result
        do {
            result = try await pool.run(child, input: Data(input.utf8), deadline: .seconds(20)) { line in
                lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            }
        } catch let failure as ChildProcess.StartFailure {
            throw SpeechError(.engineUnavailable, "\(path): \(failure)")
        }
        switch result.reason {
        case .exited(0): return lines.withLock { $0 }
        case .deadline: throw SpeechError(.timedOut, "espeak-ng took longer than 20 seconds")
        default:
            throw SpeechError(
                .engineFailed, "espeak-ng ended with \(result.reason): \(result.standardError.prefix(200))")
        }
    }
}
