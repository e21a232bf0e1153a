internal import AV
internal import Titles

/// A part of a video, with the slightest of movements of its own.
final class ClipShow: SceneShow {
    private let reader: ClipReader
    private let lens: Lens
    private let shape: Double
    private let zoom: Double
    private let lengthMs: Double
    private let inMs, lastMs, rate: Double
    private let turn: Int

    /// The slowest that a clip is made for a scene that lasts longer; after that its last picture rests.
    static let slowest = 0.7

    /// - Parameters:
    ///   - range: in and out point in the source, in milliseconds.
    ///   - lengthMs: how long it is seen, with the transition out.
    init(
        path: String, range: Range<Int>, lens: Lens, width: Int, height: Int, lengthMs: Int, turn: Int, look: Look,
        interrupt: Interrupt
    ) throws {
        let start = try DarkHead.skip(path: path, range: range, look: look, interrupt: interrupt)
        reader = try ClipReader(
            path: path, startMs: start, width: width, height: height, look: look, interrupt: interrupt)
        self.lens = lens
        self.turn = turn
        self.lengthMs = Double(lengthMs)
        shape = Double(width) / Double(height)
        zoom = look.clipZoom
        inMs = start
        // The out point itself belongs to the next shot: stay a frame's half before it.
        lastMs = Double(range.upperBound) - 45
        rate = min(1, max(Self.slowest, (lastMs - start) / self.lengthMs))
    }

    func draw(at time: Double, into picture: Picture) throws {
        let ms = min(lastMs, inMs + time * rate)
        // Slower than life, pictures that repeat would stutter.
        let source = try rate < 0.97 ? reader.mixedPicture(at: ms) : reader.picture(at: ms)
        let part = min(1, time / lengthMs)
        let amount = 1 + zoom * (turn.isMultiple(of: 2) ? part : 1 - part)
        let window = Window.cover(
            source.width, source.height, pixelAspect: reader.pixelAspect, shape: shape, zoom: amount)
        lens.draw(source, window, into: picture, .catmullRom)
    }
}

/// Videos often begin in black and fade in: a scene begins where the picture does.
enum DarkHead {
    /// How far it looks, in milliseconds.
    static let reach = 4_000.0

    /// Where to begin, in milliseconds of the source: the range's start unless that is dark.
    static func skip(path: String, range: Range<Int>, look: Look, interrupt: Interrupt) throws -> Double {
        let start = Double(range.lowerBound)
        let reader = try ClipReader(path: path, startMs: start, width: 64, height: 36, look: look, interrupt: interrupt)
        guard try reader.picture(at: start).meanLuma < 40 else { return start }
        // At most half of the clip is given up.
        let end = min(start + reach, start + Double(range.count) / 2)
        var samples: [(ms: Double, luma: Double)] = []
        var ms = start
        while ms < end {
            samples.append((ms, try reader.picture(at: ms).meanLuma))
            ms += 80
        }
        let brightest = samples.map(\.luma).max() ?? 0
        // A picture that stays dark is meant to be dark.
        guard brightest > 60 else { return start }
        return samples.first { $0.luma > 16 + (brightest - 16) * 0.97 }?.ms ?? start
    }
}
