/// The pure part of ``ShotDetector``: pictures in, cuts out.
struct CutFinder {
    let threshold: Double
    let minimumMs: Int64
    private var previous: [UInt8]?
    private var previousDifference = 0.0
    private(set) var cuts: [Int64] = []

    init(threshold: Double, minimumMs: Int64) {
        self.threshold = threshold
        self.minimumMs = minimumMs
    }

    /// Adds the next picture: grey, always of the same size.
    mutating func add(_ pixels: [UInt8], atMs time: Int64) {
        defer { previous = pixels }
        guard let previous, previous.count == pixels.count, !pixels.isEmpty else { return }
        var sum = 0
        for index in pixels.indices { sum += abs(Int(pixels[index]) - Int(previous[index])) }
        let difference = Double(sum) / Double(pixels.count) * 100 / 255
        let score = min(difference, abs(difference - previousDifference))
        previousDifference = difference
        if score >= threshold, time - (cuts.last ?? 0) >= minimumMs { cuts.append(time) }
    }

    /// The takes between the cuts.
    func shots(durationMs: Int64) -> [Shot] {
        var starts = [0] + cuts.filter { $0 > 0 && $0 < durationMs }
        if starts.count > 1, durationMs - (starts.last ?? 0) < minimumMs { starts.removeLast() }
        return starts.enumerated().map { index, start in
            Shot(startMs: start, endMs: index + 1 < starts.count ? starts[index + 1] : durationMs)
        }
    }
}
