internal import FoundationEssentials
internal import Glibc
internal import Primitives

/// A folder with a natural voice: libraries under `lib`, `model.onnx`, `tokens.txt`, and `voice.json`, which says what
/// they are. `scripts/lib/voice.sh` makes it; `voice.json` is written last, so that a half-made folder counts as none.
public struct VoiceFolder: Sendable, Hashable {
    /// The contents of `voice.json`.
    struct Manifest: Codable, Hashable {
        var name: String
        var language: String
        var espeakVoice: String
        var modelBytes: Int
    }

    /// The folder's path.
    public let path: String
    let manifest: Manifest

    /// Opens a folder.
    /// - Throws: ``SpeechError`` with `engineUnavailable`, saying what is missing.
    public init(path: String) throws(SpeechError) {
        self.path = path
        let files = FileManager.default
        guard let data = files.contents(atPath: path + "/voice.json"),
            let manifest = try? JSON.decode(Manifest.self, from: data)
        else { throw SpeechError(.engineUnavailable, "no voice.json in \(path)") }
        self.manifest = manifest
        for name in ["lib/libonnxruntime.so", "lib/libsherpa-onnx-c-api.so", "tokens.txt"]
        where !files.isReadableFile(atPath: "\(path)/\(name)") {
            throw SpeechError(.engineUnavailable, "no \(name) in \(path)")
        }
        // The library ends the process when a model is damaged: a wrong size is the cheap sign of it.
        var status = stat()
        guard stat(modelPath, &status) == 0, Int(status.st_size) == manifest.modelBytes else {
            throw SpeechError(.engineUnavailable, "model.onnx in \(path) has not its size")
        }
    }

    /// The voice's name, as in `en_US-joe-medium`.
    public var name: String { manifest.name }
    /// The language that it speaks, as in `en`.
    public var language: String { manifest.language }

    var libraries: String { path + "/lib" }
    var modelPath: String { path + "/model.onnx" }
    var tokensPath: String { path + "/tokens.txt" }

    /// The symbols that the model knows; others are dropped before they reach it.
    func symbols() throws(SpeechError) -> Set<Unicode.Scalar> {
        guard let data = FileManager.default.contents(atPath: tokensPath) else {
            throw SpeechError(.engineUnavailable, "no tokens.txt in \(path)")
        }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        return Set(lines.compactMap { $0.unicodeScalars.first }).subtracting("_^$".unicodeScalars)
    }
}
