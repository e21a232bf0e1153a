import CMontage
import Testing
import Titles

@testable import Montage

@Suite("Pixels") struct PixelTests {
    /// A picture whose luma is a function of place.
    private func picture(_ width: Int, _ height: Int, _ luma: (Int, Int) -> Double) throws -> Picture {
        let picture = try Picture(width: width, height: height)
        let stride = Int(picture.raw.pointee.strides.0)
        for row in 0..<height {
            for column in 0..<width {
                picture.raw.pointee.planes.0?[row * stride + column] = UInt8(luma(column, row).rounded())
            }
        }
        return picture
    }

    private func luma(_ picture: Picture, _ x: Int, _ y: Int) -> Int {
        Int(picture.raw.pointee.planes.0?[y * Int(picture.raw.pointee.strides.0) + x] ?? 0)
    }

    @Test("The whole picture at its own size is the picture")
    func identity() throws {
        let source = try picture(128, 72) { Double(16 + ($0 * 7 + $1 * 13) % 200) }
        let copy = try Picture(width: 128, height: 72)
        let whole = Window(left: 0, top: 0, width: 128, height: 72)
        try Lens(width: 128, height: 72).draw(source, whole, into: copy, .catmullRom)
        for y in 0..<72 { for x in 0..<128 { #expect(luma(copy, x, y) == luma(source, x, y)) } }
    }

    @Test("A flat picture stays flat at every size and place", arguments: [0.3, 1.0, 1.7, 4.0])
    func flat(scale: Double) throws {
        let source = try picture(300, 200) { _, _ in 120 }
        let out = try Picture(width: 64, height: 36)
        let lens = try Lens(width: 64, height: 36)
        for filter in [Lens.Filter.catmullRom, .mitchell] {
            lens.draw(source, Window(left: 3.3, top: 7.7, width: 64 * scale, height: 36 * scale), into: out, filter)
            for y in 0..<36 { for x in 0..<64 { #expect(luma(out, x, y) == 120) } }
        }
    }

    @Test("Movement by fractions of a pixel is even: a slope moves by just as much")
    func subpixel() throws {
        let source = try picture(256, 64) { x, _ in 20 + Double(x) * 0.75 }
        let out = try Picture(width: 128, height: 32)
        let lens = try Lens(width: 128, height: 32)
        for step in 0..<40 {
            let left = 50 + Double(step) * 0.1
            lens.draw(source, Window(left: left, top: 10, width: 64, height: 16), into: out, .mitchell)
            // The centre of output sample 64 lies at left + 64.5 / 2 - 0.5 in the source.
            let wanted = 20 + (left + 31.75) * 0.75
            #expect(abs(Double(luma(out, 64, 16)) - wanted) <= 0.95)
        }
    }

    @Test("The fast and the plain filter agree")
    func wide() throws {
        // 13 columns: eight by the vector code, five by the plain one, mirrored so that both see the same samples.
        let source = try picture(200, 40) { x, _ in 16 + 200 * Double(min(x, 199 - x) % 23) / 23 }
        let out = try Picture(width: 26, height: 8)
        try Lens(width: 26, height: 8).draw(
            source, Window(left: 90, top: 10, width: 20, height: 8), into: out, .mitchell)
        for x in 0..<13 { #expect(luma(out, x, 4) == luma(out, 25 - x, 4)) }
    }

    @Test("Pictures melt by their weights, and a wipe goes from left to right")
    func mixing() throws {
        let a = try picture(64, 32) { _, _ in 40 }
        let b = try picture(64, 32) { _, _ in 200 }
        let out = try Picture(width: 64, height: 32)
        for (weight, value) in [(0, 40), (64, 80), (128, 120), (256, 200)] {
            cm_blend(out.raw, a.raw, b.raw, Int32(weight))
            #expect(luma(out, 9, 9) == value)
        }
        let weights = (0..<64).map { UInt16($0 < 32 ? 256 : 0) }
        cm_wipe(out.raw, a.raw, b.raw, weights)
        #expect(luma(out, 31, 5) == 200 && luma(out, 32, 5) == 40)
    }

    @Test("An overlay covers by its alpha, at fractions of a row, and is cut off at the edges")
    func overlay() throws {
        let canvas = try Canvas(width: 32, height: 16)
        canvas.fill(x: 0, y: 0, width: 32, height: 16, Colour(0xFFFFFF, alpha: 0.5))
        let overlay = try Overlay(Painted(canvas: canvas, x: 8, y: 8))
        let out = try picture(64, 32) { _, _ in 35 }
        overlay.draw(on: out)
        #expect(abs(luma(out, 20, 12) - 135) <= 1)
        #expect(luma(out, 20, 7) == 35 && luma(out, 40, 12) == 35)
        let half = try picture(64, 32) { _, _ in 35 }
        overlay.draw(on: half, rise: 0.5)
        // The first row is half covered.
        #expect(abs(luma(half, 20, 8) - 85) <= 1 && abs(luma(half, 20, 24) - 85) <= 1)
        let edge = try Overlay(Painted(canvas: canvas, x: 50, y: -10))
        let cut = try picture(64, 32) { _, _ in 35 }
        edge.draw(on: cut)
        #expect(abs(luma(cut, 63, 3) - 135) <= 1 && luma(cut, 63, 10) == 35)
    }

    @Test("A picture that goes to a canvas and back is the same")
    func canvas() throws {
        let source = try picture(64, 32) { x, y in Double(40 + (x + y) * 2) }
        let back = try Picture(source.canvas())
        for y in 0..<32 { for x in 0..<64 { #expect(abs(luma(back, x, y) - luma(source, x, y)) <= 1) } }
    }

    @Test("Turned by quarters")
    func rotation() throws {
        let source = try picture(64, 32) { x, y in Double(x < 32 && y < 16 ? 200 : 40) }
        let quarter = try source.rotated(90)
        #expect(quarter.width == 32 && quarter.height == 64)
        #expect(luma(quarter, 30, 2) == 200 && luma(quarter, 2, 2) == 40)
        let three = try source.rotated(270)
        #expect(luma(three, 2, 60) == 200)
        #expect(luma(try source.rotated(180), 60, 30) == 200)
    }

    @Test("The grade keeps black, white and grey what they are")
    func grade() throws {
        let source = try picture(64, 32) { x, _ in x < 32 ? 16 : 235 }
        Grade(look: .atelier).apply(to: source)
        #expect(luma(source, 2, 2) == 16 && luma(source, 60, 2) == 235)
    }
}

@Suite("Movement") struct MovementTests {
    @Test(
        "Windows have the wanted shape and stay within the picture", arguments: [(600, 400), (400, 900), (4000, 1000)])
    func inside(width: Int, height: Int) {
        for turn in 0..<2 {
            let movement = Movement.photo(
                turn: turn, slack: (0.5, 0), focus: (0.1, 0.9), zoom: 0.1, pan: 0.7)
            for step in 0...50 {
                let pose = movement.pose(Double(step) / 50)
                let window = Window.cover(
                    width, height, shape: 16.0 / 9, focus: (pose.x, pose.y), zoom: pose.zoom)
                #expect(window.left >= -1e-9 && window.top >= -1e-9)
                #expect(window.left + window.width <= Double(width) + 1e-6)
                #expect(window.top + window.height <= Double(height) + 1e-6)
                #expect(abs(window.width / window.height - 16.0 / 9) < 1e-9)
            }
        }
    }

    @Test("The pace is even from frame to frame: no jitter")
    func even() {
        let movement = Movement.photo(turn: 0, slack: (0, 0.1), focus: (0.6, 0.4), zoom: 0.1, pan: 0.7)
        let zooms = (0...300).map { movement.pose(Double($0) / 300).zoom }
        let factors = zip(zooms, zooms.dropFirst()).map { $1 / $0 }
        let mean = factors.reduce(0, +) / Double(factors.count)
        // A hundredth of a pixel over 1,920.
        #expect(factors.allSatisfy { abs($0 - mean) < 5e-6 })
    }
}

@Suite("Ducking") struct DuckTests {
    @Test("The music is down before the first word, stays down over short pauses, and comes back slowly")
    func curve() {
        var speech = [Bool](repeating: false, count: 1000)
        for step in 300..<400 { speech[step] = true }
        for step in 420..<500 { speech[step] = true }
        let curve = DuckCurve(speech: speech, duck: -11, times: (downMs: 260, holdMs: 420, upMs: 900)).decibels
        #expect(curve[200] == 0 && curve[300] == -11 && curve[295] == -11)
        #expect(curve[410] == -11 && curve[530] == -11)
        #expect(curve[560] > -11 && curve[560] < -1)
        #expect(curve[700] == 0)
        // Never a jump that one hears.
        #expect(zip(curve, curve.dropFirst()).allSatisfy { abs($1 - $0) < 0.5 })
    }

    @Test("A limiter keeps true peaks below its ceiling and leaves quiet sound alone")
    func limiter() throws {
        let loud = try SampleBuffer(frames: 48_000)
        let quiet = try SampleBuffer(frames: 48_000)
        for frame in 0..<48_000 {
            // A quarter of the rate, between the samples: the true peak is 3 dB above every sample.
            let wave: Float = [0.7071, 0.7071, -0.7071, -0.7071][frame % 4]
            loud.at(frame)[0] = wave * 1.4
            loud.at(frame)[1] = wave * 1.4
            quiet.at(frame)[0] = wave * 0.2
        }
        _ = cm_limit(loud.samples, 48_000, 48_000, 0.8)
        let level = try #require(try loud.loudness())
        #expect(level.truePeak <= -1.9)
        #expect(cm_limit(quiet.samples, 48_000, 48_000, 0.8) == 1)
        #expect(quiet.at(1)[0] == Float(0.7071) * 0.2)
    }
}
