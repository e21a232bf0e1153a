/// Lowest and highest samples of equal stretches, of a sound whose length is not known before: when there are too many
/// stretches, neighbours are joined and the stretches become twice as long.
struct PeakCollector {
    struct Peak: Equatable {
        var low: Float
        var high: Float
    }

    /// Samples of one stretch.
    private(set) var samplesPerPeak = 16
    private let limit: Int
    private var peaks: [Peak] = []
    private var open = Peak(low: 0, high: 0)
    private var filled = 0

    init(limit: Int) { self.limit = limit }

    /// Adds samples of −1…1; what is no number counts as silence.
    mutating func add(_ samples: UnsafeMutableBufferPointer<Float>) {
        for sample in samples {
            let value = sample.isFinite ? sample : 0
            open.low = min(open.low, value)
            open.high = max(open.high, value)
            filled += 1
            if filled == samplesPerPeak { close() }
        }
    }

    /// The stretches, with the last even where it is not full.
    var finished: [Peak] { filled > 0 ? peaks + [open] : peaks }

    private mutating func close() {
        peaks.append(open)
        open = Peak(low: 0, high: 0)
        filled = 0
        guard peaks.count >= limit else { return }
        peaks = stride(from: 0, to: peaks.count - 1, by: 2).map {
            Peak(low: min(peaks[$0].low, peaks[$0 + 1].low), high: max(peaks[$0].high, peaks[$0 + 1].high))
        }
        samplesPerPeak *= 2
    }
}
