import Foundation
import Primitives
import TestKit
import Testing

@testable import Images

@Suite struct PhotoEditTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// Mean of red, green and blue after an edit of the photograph.
    private func means(_ operations: PhotoOperation...) throws -> [Double] {
        let path = folder.file("out.png")
        _ = try PhotoEditor.run(PhotoEdit(operations: operations, format: .png), on: TestMedia.photograph, to: path)
        try Command.run("/usr/bin/vips", ["stats", path, folder.file("s.mat")])
        let rows = try String(contentsOfFile: folder.file("s.mat"), encoding: .utf8).split(separator: "\n").dropFirst()
        return rows.dropFirst().prefix(3).map { Double($0.split(separator: " ")[4]) ?? -1 }
    }

    @Test func tonesMoveAsTheyShould() throws {
        let plain = try means(.flip(direction: .horizontal))
        #expect(try means(.exposure(stops: 1))[1] > plain[1] + 10)
        #expect(try means(.exposure(stops: -1))[1] < plain[1] - 10)
        #expect(try means(.brightness(amount: 0.2))[1] > plain[1] + 20)
        #expect(try means(.gamma(value: 2))[1] > plain[1] + 10)
        let warm = try means(.temperature(amount: 1)), cold = try means(.temperature(amount: -1))
        #expect(warm[0] - warm[2] > plain[0] - plain[2])
        #expect(cold[0] - cold[2] < plain[0] - plain[2])
        let grey = try means(.greyscale)
        #expect(abs(grey[0] - grey[2]) < 1)
        let inverted = try means(.invert)
        #expect(abs(inverted[0] + plain[0] - 255) < 1)
        let sepia = try means(.sepia(strength: 1))
        #expect(sepia[0] > sepia[1] && sepia[1] > sepia[2])
        #expect(try means(.vignette(strength: 1))[1] < plain[1] - 3)
        #expect(abs(try means(.blur(radius: 3))[1] - plain[1]) < 2)
        #expect(abs(try means(.sharpen(amount: 2))[1] - plain[1]) < 3)
        let flat = try means(.contrast(amount: -1))
        #expect(flat.allSatisfy { abs($0 - 127.5) < 1 })
        #expect(try means(.tint(amount: 1))[1] < plain[1])
        _ = try means(.autoEnhance)
    }

    @Test func sizesAreAsPromised() throws {
        let steps: [(PhotoOperation, Int, Int)] = [
            (.crop(x: 10, y: 20, width: 300, height: 200), 300, 200),
            (.resize(width: 150, height: nil, fit: .inside), 150, 100),
            (.resize(width: 90, height: 90, fit: .inside), 90, 60),
            (.resize(width: 90, height: 90, fit: .cover), 90, 90),
            (.resize(width: 90, height: 33, fit: .fill), 90, 33),
            (.rotate(degrees: 90), 400, 600), (.rotate(degrees: -90), 400, 600), (.rotate(degrees: 180), 600, 400),
            (.rotate(degrees: 360), 600, 400),
        ]
        for (operation, width, height) in steps {
            let edit = PhotoEdit(operations: [operation], format: .webp)
            let size = try PhotoEditor.run(edit, on: TestMedia.photograph, to: folder.file("o"))
            #expect(size == (width, height), "\(operation)")
            #expect(try ImageProbe.probe(path: folder.file("o")).width == width)
        }
        let turned = try PhotoEditor.run(
            PhotoEdit(operations: [.rotate(degrees: 10)]), on: TestMedia.photograph, to: folder.file("o"))
        #expect(turned.width > 600 && turned.height > 400)
    }

    @Test func faultsNameTheStepAndTheMember() {
        func fields(_ operations: PhotoOperation...) -> [String] {
            PhotoEdit(operations: operations).faults(width: 600, height: 400).map(\.field)
        }
        #expect(fields() == ["operations"])
        #expect(
            fields(.crop(x: 500, y: 0, width: 200, height: 401)) == ["operations[0].width", "operations[0].height"])
        #expect(fields(.rotate(degrees: 90), .crop(x: 0, y: 0, width: 500, height: 10)) == ["operations[1].width"])
        #expect(fields(.exposure(stops: 9), .blur(radius: 0)) == ["operations[0].stops", "operations[1].radius"])
        #expect(fields(.resize(width: nil, height: nil, fit: .inside)) == ["operations[0].width"])
        #expect(fields(.resize(width: 10, height: nil, fit: .cover)) == ["operations[0].height"])
        #expect(PhotoEdit(operations: [.invert], quality: 0).faults().map(\.field) == ["quality"])
        #expect(fields(.crop(x: .max, y: 0, width: .max, height: 1)) == ["operations[0].width"])
    }

    @Test func everyStepSurvivesJSON() throws {
        let all: [PhotoOperation] = [
            .crop(x: 1, y: 2, width: 3, height: 4), .resize(width: 5, height: nil, fit: .inside),
            .rotate(degrees: 12.5), .flip(direction: .vertical), .exposure(stops: 0.5), .brightness(amount: 0.1),
            .contrast(amount: 0.2), .saturation(amount: 0.3), .temperature(amount: 0.4), .tint(amount: 0.5),
            .gamma(value: 1.5), .blur(radius: 2.5), .sharpen(amount: 0.5), .greyscale, .sepia(strength: 0.5),
            .vignette(strength: 0.5), .invert, .autoEnhance,
        ]
        let edit = PhotoEdit(operations: all, format: .webp, quality: 70)
        #expect(try JSON.decode(PhotoEdit.self, from: JSON.encode(edit)) == edit)
        #expect(throws: DecodingError.self) {
            try JSON.decode(PhotoEdit.self, from: #"{"operations":[{"type":"melt"}]}"#)
        }
    }
}
