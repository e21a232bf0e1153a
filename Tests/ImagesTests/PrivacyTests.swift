import Foundation
import Images
import TestKit
import Testing

/// What is made of a photograph tells nothing of who took it, with what, where and when (R46).
@Suite struct PrivacyTests {
    private let folder: TemporaryFolder
    private let source: String

    init() throws {
        folder = try TemporaryFolder()
        source = folder.file("in.jpg")
        try PrivatePhotograph.write(to: source)
    }

    @Test func theFixtureHasAllThatIsToBeTakenAway() throws {
        let file = try Data(contentsOf: URL(filePath: source))
        #expect(file.count(of: PrivatePhotograph.canary) >= 10)
        let info = try ImageProbe.probe(path: source)
        #expect(info.camera?.contains(PrivatePhotograph.canary) == true)
        #expect(info.takenAt == "2026:01:31 09:00:00")
        // The check of the outputs sees each kind where it is.
        let found = try MetadataReader.read(file)
        #expect(found.exif.contains(0x8825) && found.exif.contains(0x9003) && found.exif.contains(0x0201))
        #expect(found.foreign.contains("XMP") && found.foreign.contains("APP13") && found.foreign.contains("COM"))
    }

    @Test(arguments: PictureFormat.allCases)
    func thumbnailsTellNothing(format: PictureFormat) throws {
        // One output streams from the file, two go through memory.
        for count in 1...2 {
            let outputs = (0..<count).map {
                Thumbnails.Output(path: folder.file("\(count)-\($0).\(format.fileExtension)"), format: format)
            }
            _ = try Thumbnails.make(of: source, maxSide: 100, outputs: outputs)
            for output in outputs { try check(output.path) }
        }
    }

    @Test(arguments: PictureFormat.allCases)
    func editedPicturesTellNothing(format: PictureFormat) throws {
        let edits: [[PhotoOperation]] = [
            [.crop(x: 0, y: 0, width: 50, height: 50)], [.rotate(degrees: 7)], [.blur(radius: 2)],
        ]
        for (index, operations) in edits.enumerated() {
            let path = folder.file("edited-\(index).\(format.fileExtension)")
            _ = try PhotoEditor.run(PhotoEdit(operations: operations, format: format), on: source, to: path)
            try check(path)
        }
    }

    private func check(_ path: String) throws {
        let file = try Data(contentsOf: URL(filePath: path))
        #expect(file.count(of: PrivatePhotograph.canary) == 0, "\(path)")
        let found = try MetadataReader.read(file)
        #expect(found.foreign == [], "\(path)")
        // Into WebP libvips puts an EXIF block of its own, whatever it is told: size, resolution, colour space, upright.
        #expect(found.exif == (path.hasSuffix("webp") ? Self.ofLibvips : []), "\(path)")
    }

    private static let ofLibvips: Set<Int> = [
        0x0112, 0x011A, 0x011B, 0x0128, 0x0213, 0x8769, 0x9000, 0x9101, 0xA000, 0xA001, 0xA002, 0xA003,
    ]
}

extension Data {
    /// How often a text stands in the bytes.
    fileprivate func count(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.range(of: Data(text.utf8)) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
