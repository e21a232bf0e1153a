import Foundation
import Images

/// A photograph with everything that cameras and programs write into one: EXIF with maker, serial number, place, time
/// and a small picture of its own; XMP, IPTC, a comment. Each text has the canary in it.
enum PrivatePhotograph {
    static let canary = "CANARY"

    static func write(to path: String) throws {
        try Fixtures.corner(width: 400, height: 200).write(to: path, as: .jpeg, quality: 95)
        let jpeg = try Data(contentsOf: URL(filePath: path))
        let xmp = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><exif:GPSLatitude>\(canary)</exif:GPSLatitude></x:xmpmeta>"
        let caption = Data("\(canary)-iptc".utf8)
        let iptc = Data([0x1C, 2, 120, 0, UInt8(caption.count)]) + caption
        var resource = Data("8BIM".utf8) + [4, 4, 0, 0] + big32(iptc.count) + iptc
        if iptc.count % 2 == 1 { resource.append(0) }
        let segments =
            segment(0xE1, Data("Exif\0\0".utf8) + exif())
            + segment(0xE1, Data("http://ns.adobe.com/xap/1.0/\0".utf8) + Data(xmp.utf8))
            + segment(0xED, Data("Photoshop 3.0\0".utf8) + resource)
            + segment(0xFE, Data("\(canary)-comment".utf8))
        try (jpeg.prefix(2) + segments + jpeg.dropFirst(2)).write(to: URL(filePath: path))
    }

    private static func segment(_ marker: UInt8, _ body: Data) -> Data {
        let length = body.count + 2
        return Data([0xFF, marker, UInt8(length >> 8), UInt8(length & 255)]) + body
    }

    private static func big32(_ value: Int) -> Data { Data((0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) }) }

    /// One entry of a directory: its tag, its type, how many values, and their bytes.
    private typealias Entry = (tag: Int, type: Int, count: Int, bytes: Data)

    private static func text(_ tag: Int, _ value: String) -> Entry {
        (tag, 2, value.utf8.count + 1, Data(value.utf8) + [0])
    }

    private static func exif() -> Data {
        let coordinate: Entry = (2, 5, 3, [52, 1, 30, 1, 9, 1].reduce(Data()) { $0 + little($1, 4) })
        let place: [Entry] = [text(1, "N"), coordinate, text(3, "E"), (4, 5, 3, coordinate.bytes)]
        let note = Data("\(canary)-maker-note".utf8)
        let shot: [Entry] = [
            text(0x9003, "2026:01:31 09:00:00"), (0x927C, 7, note.count, note),
            (0x9286, 7, 16, Data("ASCII\0\0\0\(canary)42".utf8)), text(0xA431, "\(canary)-serial"),
            text(0xA434, "\(canary)-lens"),
        ]
        let small = Data([0xFF, 0xD8, 0xFF, 0xFE, 0, 17]) + Data("\(canary)-thumbnail".utf8.prefix(15)) + [0xFF, 0xD9]
        var main: [Entry] = [
            text(0x010E, "\(canary)-description"), text(0x010F, "\(canary)-make"), text(0x0110, "\(canary)-model"),
            (0x0112, 3, 1, little(6, 2)), text(0x0131, "\(canary)-software"), text(0x0132, "2026:01:31 09:00:00"),
            text(0x013B, "\(canary)-artist"), text(0x8298, "\(canary)-copyright"),
        ]
        // Each directory has a place of its own in 1 KiB.
        main += [(0x8769, 4, 1, little(1024, 4)), (0x8825, 4, 1, little(2048, 4))]
        var tiff = Data("II*\0".utf8) + little(8, 4)
        put(main, at: 8, next: 3072, in: &tiff)
        put(shot, at: 1024, next: 0, in: &tiff)
        put(place, at: 2048, next: 0, in: &tiff)
        put([(0x0201, 4, 1, little(4096, 4)), (0x0202, 4, 1, little(small.count, 4))], at: 3072, next: 0, in: &tiff)
        pad(&tiff, to: 4096)
        return tiff + small
    }

    private static func put(_ entries: [Entry], at offset: Int, next: Int, in tiff: inout Data) {
        pad(&tiff, to: offset)
        let entries = entries.sorted { $0.tag < $1.tag }
        var far = offset + 2 + 12 * entries.count + 4
        var directory = little(entries.count, 2)
        var values = Data()
        for entry in entries {
            directory += little(entry.tag, 2) + little(entry.type, 2) + little(entry.count, 4)
            if entry.bytes.count <= 4 {
                directory += entry.bytes + Data(repeating: 0, count: 4 - entry.bytes.count)
            } else {
                directory += little(far, 4)
                values += entry.bytes
                far += entry.bytes.count
            }
        }
        tiff += directory + little(next, 4) + values
    }

    private static func pad(_ data: inout Data, to count: Int) {
        if data.count < count { data += Data(repeating: 0, count: count - data.count) }
    }

    private static func little(_ value: Int, _ count: Int) -> Data {
        Data((0..<count).map { UInt8(value >> (8 * $0) & 255) })
    }
}
