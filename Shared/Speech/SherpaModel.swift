internal import CSherpa
internal import Execution
internal import Glibc
internal import Primitives
internal import Sound
internal import Synchronization

/// The loaded model: loaded when first needed, unloaded when nobody has spoken for a while, because it holds 100 MB.
/// Measured: 0.7 s to load, 11 times as fast as speech on one core, 5 MB left after unloading.
final class SherpaModel: Sendable {
    /// All calls into the library happen on this one thread.
    private let pool = BlockingPool(name: "sherpa", threads: 1, queueLimit: 256)
    private let state = Mutex(State())
    private let folder: VoiceFolder
    private let idle: Duration

    private struct State: ~Copyable {
        var handle: SherpaHandle?
        /// Counts uses, so that an unloading that was planned before the last use does nothing.
        var uses = 0
    }

    /// - Parameter idle: how long the model stays loaded after its last use.
    init(folder: VoiceFolder, idle: Duration) {
        self.folder = folder
        self.idle = idle
    }

    /// Whether the model is in memory.
    var isLoaded: Bool { state.withLock { $0.handle != nil } }

    /// Speaks the sounds of a sentence.
    func speak(_ phonemes: [Unicode.Scalar], speed: Float = 1) async throws -> SoundBuffer {
        let flag = CancellationFlag()
        let folder = self.folder
        defer { planUnloading() }
        return try await withTaskCancellationHandler {
            try await pool.run { [self] in
                if flag.isCancelled { throw CancellationError() }
                // Only this pool's one thread comes here and to `unload`, so nobody waits long for the lock.
                return try state.withLock { state throws in
                    state.uses += 1
                    if state.handle == nil { state.handle = try SherpaHandle(folder: folder) }
                    guard let handle = state.handle else { throw SpeechError(.engineFailed, "no model") }
                    return try handle.generate(phonemes.map { Int32($0.value) }, speed: speed)
                }
            }
        } onCancel: {
            flag.cancel()
        }
    }

    /// Gives the memory back.
    func unload() async {
        try? await pool.run { [self] in state.withLock { $0.handle = nil } }
    }

    private func planUnloading() {
        let uses = state.withLock { $0.uses }
        let idle = self.idle
        Task { [weak self] in
            try? await Task.sleep(for: idle)
            guard let self, self.state.withLock({ $0.uses == uses && $0.handle != nil }) else { return }
            await self.unload()
        }
    }
}

/// Owns the C handle; closed with it.
private final class SherpaHandle: @unchecked Sendable {  // Used on the one thread of its model's pool only.
    private let voice: OpaquePointer

    init(folder: VoiceFolder) throws(SpeechError) {
        var reason = [CChar](repeating: 0, count: 512)
        let opened = csherpa_open(folder.libraries, folder.modelPath, folder.tokensPath, 1, &reason, reason.count)
        guard let opened else {
            let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw SpeechError(.engineUnavailable, text)
        }
        voice = opened
    }

    deinit { csherpa_close(voice) }

    func generate(_ codepoints: [Int32], speed: Float) throws(SpeechError) -> SoundBuffer {
        var count: Int32 = 0
        guard let samples = csherpa_generate(voice, codepoints, Int32(codepoints.count), speed, &count) else {
            throw SpeechError(.engineFailed, "the voice gave no sound for \(codepoints.count) phonemes")
        }
        defer { free(samples) }
        let copy = Array(UnsafeBufferPointer(start: samples, count: Int(count)))
        return SoundBuffer(samples: copy, sampleRate: Int(csherpa_rate(voice)))
    }
}
