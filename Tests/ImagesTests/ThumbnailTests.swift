import Execution
import Foundation
import Images
import TestKit
import Testing

@Suite struct ThumbnailTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test func jpegAndWebPOfThePhotograph() throws {
        let outputs: [Thumbnails.Output] = [
            .init(path: folder.file("t.jpg"), format: .jpeg), .init(path: folder.file("t.webp"), format: .webp),
        ]
        let size = try Thumbnails.make(of: TestMedia.photograph, maxSide: 320, outputs: outputs)
        #expect(size == (320, 213))
        for (name, format) in [("t.jpg", "jpeg"), ("t.webp", "webp")] {
            let info = try ImageProbe.probe(path: folder.file(name))
            #expect(info.format == format && info.width == 320 && info.height == 213)
        }
    }

    @Test func neverScalesUp() throws {
        let size = try Thumbnails.make(
            of: TestMedia.photograph, maxSide: 5000, outputs: [.init(path: folder.file("t.jpg"), format: .jpeg)])
        #expect(size == (600, 400))
    }

    /// The picture stands upright and tells nothing of the camera or the place (R46).
    @Test func orientationIsAppliedAndPlacesAreGone() throws {
        try Fixtures.turnedPhotograph(at: folder.file("in.jpg"))
        let source = try Data(contentsOf: URL(filePath: folder.file("in.jpg")))
        #expect(source.range(of: Data("Exif".utf8)) != nil)
        let info = try ImageProbe.probe(path: folder.file("in.jpg"))
        #expect(info.width == 200 && info.height == 400 && info.orientation == 6)
        #expect(info.camera == "Cam")
        for format in PictureFormat.allCases {
            let path = folder.file("out.\(format.fileExtension)")
            let size = try Thumbnails.make(
                of: folder.file("in.jpg"), maxSide: 100, outputs: [.init(path: path, format: format)])
            #expect(size == (50, 100))
            #expect(try ImageProbe.probe(path: path).orientation == 1)
        }
    }

    @Test func headersAreReadBeforePixels() throws {
        for (name, data) in [
            ("65535", Fixtures.pngHeader(width: 65_535, height: 65_535)),
            ("30000", Fixtures.pngHeader(width: 30_000, height: 30_000, depth: 1, colour: 0)),
            ("20000", Fixtures.pngHeader(width: 20_000, height: 20_000, colour: 2)),
        ] {
            try data.write(to: URL(filePath: folder.file(name)))
            let error = #expect(throws: ImageError.self) { try ImageProbe.probe(path: folder.file(name)) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func whatIsNoPictureIsNamed() throws {
        let texts = [
            "", "hello", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "%PDF-1.4\n",
            "push graphic-context\nimage over 0,0 0,0 'https://localhost/x'\npop graphic-context\n",
        ]
        for text in texts {
            try text.write(toFile: folder.file("x.png"), atomically: false, encoding: .utf8)
            let error = #expect(throws: ImageError.self) { try ImageProbe.probe(path: folder.file("x.png")) }
            #expect(error?.code == .unsupportedFormat, "\(text) \(String(describing: error))")
        }
    }

    @Test func whatIsCutOffIsDamaged() throws {
        let whole = try Data(contentsOf: URL(filePath: TestMedia.photograph))
        try whole.prefix(whole.count / 2).write(to: URL(filePath: folder.file("half.png")))
        let error = #expect(throws: ImageError.self) {
            try Thumbnails.make(
                of: folder.file("half.png"), maxSide: 64,
                outputs: [.init(path: folder.file("t.jpg"), format: .jpeg)])
        }
        #expect(error?.code == .damaged)
        #expect(error?.message.contains("/") == false)
    }

    @Test func stopsWhenCancelled() throws {
        let flag = CancellationFlag()
        flag.cancel()
        #expect(throws: CancellationError.self) {
            try Thumbnails.make(
                of: TestMedia.photograph, maxSide: 500,
                outputs: [.init(path: folder.file("t.jpg"), format: .jpeg)], flag: flag)
        }
    }
}
