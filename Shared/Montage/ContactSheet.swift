internal import AV
internal import CLibAV
public import Execution
internal import FoundationEssentials
public import Titles

/// A picture of a film's moments with their time codes, to be looked at in one glance.
public struct ContactSheet: Sendable {
    /// How many pictures stand beside and below one another.
    public var columns, rows: Int
    /// Width of one picture in pixels.
    public var width: Int
    /// Fonts and colours.
    public var look: Look

    /// Sixteen pictures by default. 1 to 10 columns, 1 to 20 rows and a width of 96 to 960 pixels: what lies beyond
    /// becomes the nearest of these.
    public init(columns: Int = 4, rows: Int = 4, width: Int = 480, look: Look = .atelier) {
        self.columns = min(10, max(1, columns))
        self.rows = min(20, max(1, rows))
        self.width = min(960, max(96, width)) & ~1
        self.look = look
    }

    /// Draws the sheet of a film as JPEG. Blocks: call it on a `BlockingPool`.
    /// - Throws: `MediaError`, `CancellationError`.
    public func draw(film path: String, output: String, cancel: CancellationFlag = CancellationFlag()) throws {
        let interrupt = Interrupt(flag: cancel)
        let film = try Demuxer(FileSource(path: path), interrupt: interrupt)
        guard let stream = film.best(AVMEDIA_TYPE_VIDEO), let durationMs = film.durationMs, durationMs > 0 else {
            throw MediaError(.invalidRequest, "no pictures in this film")
        }
        let parameters = film.stream(stream).pointee.codecpar.pointee
        let height = max(2, width * Int(parameters.height) / max(1, Int(parameters.width))) & ~1
        let gap = width / 30
        let band = width / 12
        let total = (width: columns * (width + gap) + gap & ~1, height: rows * (height + band + gap) + gap & ~1)
        let sheet = try Canvas(width: total.width, height: total.height)
        sheet.fill(
            from: (0, 0), to: (0, Double(total.height)), [(0, look.ink), (1, look.dusk)])
        let small = try Picture(width: width, height: height)
        let lens = try Lens(width: width, height: height)
        // The film as it is: no grade a second time.
        var plain = look
        plain.grade = (1, 1, 0)
        let reader = try ClipReader(
            path: path, startMs: 0, width: width, height: height, look: plain, interrupt: interrupt)
        for index in 0..<columns * rows {
            // The middle of each part of the film.
            let ms = Double(durationMs) * (Double(index) + 0.5) / Double(columns * rows)
            let picture = try reader.picture(at: ms)
            let shape = Double(width) / Double(height)
            lens.draw(
                picture, .cover(picture.width, picture.height, pixelAspect: reader.pixelAspect, shape: shape),
                into: small, .mitchell)
            let x = Double(gap + index % columns * (width + gap))
            let y = Double(gap + index / columns * (height + band + gap))
            sheet.draw(try small.canvas(), x: x, y: y, width: Double(width), height: Double(height))
            let label = try TextLayout(Self.clock(Int(ms)), look.lowerSubtitle.scaled(Double(width) / 860))
            sheet.draw(label, x: x, y: y + Double(height) + (Double(band) - label.height) / 2, look.paper)
        }
        try Self.writeJPEG(Picture(sheet), path: output)
    }

    private static func clock(_ ms: Int) -> String {
        let pad = { (number: Int, digits: Int) -> String in
            String(repeating: "0", count: max(0, digits - String(number).count)) + String(number)
        }
        return "\(pad(ms / 60_000, 2)):\(pad(ms / 1000 % 60, 2)).\(pad(ms % 1000 / 100, 1))"
    }

    /// JPEG wants full range and BT.601.
    private static func writeJPEG(_ picture: Picture, path: String) throws {
        let frame = try Frame(width: picture.width, height: picture.height, format: AV_PIX_FMT_YUV420P)
        Picture(over: frame).take(picture)
        frame.pointer.pointee.colorspace = AVCOL_SPC_BT709
        let graph = try FilterGraph(
            "[in]scale=in_color_matrix=bt709:out_color_matrix=bt601:out_range=full,format=yuvj420p[out]",
            inputs: [
                (
                    "in",
                    .video(
                        width: picture.width, height: picture.height, format: AV_PIX_FMT_YUV420P,
                        timeBase: AVRational(num: 1, den: 1), sampleAspect: AVRational(num: 1, den: 1))
                )
            ], videoOutputs: ["out"])
        frame.pts = 0
        try graph.push(frame, to: "in")
        try graph.push(nil, to: "in")
        let converted = try Frame()
        guard try graph.pull(from: "out", into: converted) == .frame else {
            throw MediaError(.damaged, "the sheet could not be converted")
        }
        var settings = Encoder.Video(
            width: picture.width, height: picture.height, timeBase: AVRational(num: 1, den: 25))
        settings.codec = "mjpeg"
        settings.format = AV_PIX_FMT_YUVJ420P
        settings.threads = 1
        settings.options = ["qmin": "3", "qmax": "3", "flags": "+bitexact", "color_range": "pc"]
        let encoder = try Encoder(settings, globalHeader: false)
        converted.pts = 0
        try encoder.send(converted)
        try encoder.send(nil)
        let packet = try Packet()
        guard try encoder.receive(into: packet) else { throw MediaError(.damaged, "the sheet could not be encoded") }
        let bytes = Data(bytes: packet.pointer.pointee.data, count: packet.size)
        try bytes.write(to: URL(filePath: path), options: .atomic)
    }
}
