internal import AV
internal import CMontage
internal import Glibc

/// Stereo sound at 48 kHz, interleaved floats, in pages that the kernel gives as they are touched.
final class SampleBuffer {
    static let rate = 48_000
    /// How many frames (pairs of samples) it holds.
    let frames: Int
    let samples: UnsafeMutablePointer<Float>
    private let bytes: Int

    /// Silence of a length.
    init(frames: Int) throws {
        self.frames = frames
        bytes = max(1, frames) * 2 * MemoryLayout<Float>.size
        let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { throw MediaError(.outOfMemory, "sound") }
        samples = memory.bindMemory(to: Float.self, capacity: max(1, frames) * 2)
    }

    deinit { munmap(samples, bytes) }

    /// Frames of a time in milliseconds.
    static func frames(ms: Int) -> Int { ms * rate / 1000 }

    /// Where a frame begins.
    func at(_ frame: Int) -> UnsafeMutablePointer<Float> { samples + 2 * frame }

    /// Integrated loudness and true peak of a part; `nil` where it is silent.
    func loudness(_ range: Range<Int>? = nil) throws -> (integrated: Double, truePeak: Double)? {
        let meter = try LoudnessMeter(channels: 2, rate: Self.rate)
        let range = range ?? 0..<frames
        var frame = range.lowerBound
        while frame < range.upperBound {
            let count = min(Self.rate, range.upperBound - frame)
            try meter.addInterleaved(
                Array(UnsafeBufferPointer(start: at(frame), count: 2 * count)), frames: count)
            frame += count
        }
        guard let integrated = meter.integrated, let peak = meter.truePeak else { return nil }
        return (integrated, peak)
    }
}

/// Decibels as a factor.
func factor(dB: Double) -> Double { pow(10, dB / 20) }
