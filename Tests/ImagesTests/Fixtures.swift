import Foundation
import Images
import TestKit

/// Pictures that are made for a test.
enum Fixtures {
    /// A picture whose upper left quarter is red, the rest blue.
    static func corner(width: Int, height: Int) throws -> Picture {
        var rgb = Data(capacity: width * height * 3)
        for y in 0..<height {
            for x in 0..<width {
                rgb.append(contentsOf: x < width / 2 && y < height / 2 ? [255, 0, 0] : [0, 0, 255])
            }
        }
        return try Picture(rgb: rgb, width: width, height: height)
    }

    /// A JPEG that lies on its side (orientation 6), with a camera's name and a place in its EXIF.
    static func turnedPhotograph(at path: String) throws {
        try corner(width: 400, height: 200).write(to: path, as: .jpeg, quality: 95)
        let jpeg = try Data(contentsOf: URL(filePath: path))
        var tiff = Data("II*\0".utf8) + [8, 0, 0, 0]
        // IFD0: Make (ASCII of 4, in place), Orientation = 6, pointer to the GPS directory.
        tiff += [3, 0]
        tiff += [0x0F, 0x01, 2, 0, 4, 0, 0, 0] + Array("Cam\0".utf8)
        tiff += [0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]
        tiff += [0x25, 0x88, 4, 0, 1, 0, 0, 0, 50, 0, 0, 0]
        tiff += [0, 0, 0, 0]
        // GPS: latitude reference "N".
        tiff += [1, 0] + [1, 0, 2, 0, 2, 0, 0, 0] + Array("N\0\0\0".utf8) + [0, 0, 0, 0]
        let body = Data("Exif\0\0".utf8) + tiff
        let length = body.count + 2
        let segment = Data([0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)]) + body
        try (jpeg.prefix(2) + segment + jpeg.dropFirst(2)).write(to: URL(filePath: path))
    }

    /// A PNG that is nothing but a header: 57 bytes.
    static func pngHeader(width: UInt32, height: UInt32, depth: UInt8 = 8, colour: UInt8 = 6) -> Data {
        func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
        func chunk(_ type: String, _ body: [UInt8]) -> [UInt8] {
            let covered = Array(type.utf8) + body
            return big(UInt32(body.count)) + covered + big(crc(covered))
        }
        let header = big(width) + big(height) + [depth, colour, 0, 0, 0]
        return Data(
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header) + chunk("IDAT", [])
                + chunk("IEND", []))
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
