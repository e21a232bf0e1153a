/// One step of an HLS ladder.
public struct HLSRung: Codable, Sendable, Hashable {
    /// Lines of the picture.
    public var height: Int
    /// Bits per second of the pictures at most.
    public var maxBitRate: Int64

    /// A step of a ladder.
    public init(height: Int, maxBitRate: Int64) {
        self.height = height
        self.maxBitRate = maxBitRate
    }

    /// The name of its folder: `720p`.
    public var name: String { "\(height)p" }

    /// The steps that the product knows.
    public static let all = [
        HLSRung(height: 240, maxBitRate: 400_000), HLSRung(height: 360, maxBitRate: 800_000),
        HLSRung(height: 540, maxBitRate: 1_800_000), HLSRung(height: 720, maxBitRate: 3_000_000),
        HLSRung(height: 1080, maxBitRate: 5_500_000),
    ]

    /// The steps for a source, never higher than itself. Where the highest known step falls short of it by more than a
    /// tenth, the source's own height becomes the last step.
    public static func ladder(sourceHeight: Int) -> [HLSRung] {
        let height = max(2, sourceHeight & ~1)
        var rungs = all.filter { $0.height <= height }
        if height < 1080, Double(rungs.last?.height ?? 0) < Double(height) * 0.9 {
            let next = all.first { $0.height > height } ?? HLSRung(height: 1080, maxBitRate: 5_500_000)
            let rate = next.maxBitRate * Int64(height) / Int64(next.height)
            rungs.append(HLSRung(height: height, maxBitRate: max(150_000, rate)))
        }
        return rungs
    }
}
