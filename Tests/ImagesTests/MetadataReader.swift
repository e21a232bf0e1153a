import Foundation

/// Finds what a picture's file says beside its pixels, without any library.
enum MetadataReader {
    struct Malformed: Error {}

    struct Found: Equatable {
        /// The tags of every EXIF directory.
        var exif: Set<Int> = []
        /// Segments or chunks that are neither pixels nor EXIF, by name.
        var foreign: Set<String> = []
    }

    static func read(_ file: Data) throws -> Found {
        let bytes = Bytes(Array(file))
        if bytes.starts(with: [0xFF, 0xD8]) { return try jpeg(bytes) }
        if bytes.starts(with: Array("RIFF".utf8)) { return try webp(bytes) }
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return try png(bytes) }
        throw Malformed()
    }

    /// Bytes that are read by position, little or big endian.
    private struct Bytes {
        let all: [UInt8]
        init(_ all: [UInt8]) { self.all = all }
        var count: Int { all.count }
        func starts(with prefix: [UInt8]) -> Bool { all.starts(with: prefix) }
        func slice(_ start: Int, _ count: Int) throws -> Bytes {
            guard start >= 0, count >= 0, start + count <= all.count else { throw Malformed() }
            return Bytes(Array(all[start..<start + count]))
        }
        func number(_ start: Int, _ count: Int, isLittle: Bool = false) throws -> Int {
            let part = try slice(start, count).all
            return (isLittle ? part.reversed() : part).reduce(0) { $0 << 8 | Int($1) }
        }
        func name(_ start: Int) throws -> String { String(decoding: try slice(start, 4).all, as: UTF8.self) }
    }

    private static func jpeg(_ file: Bytes) throws -> Found {
        var found = Found()
        var place = 2
        while true {
            guard try file.number(place, 1) == 0xFF else { throw Malformed() }
            let marker = try file.number(place + 1, 1)
            let length = try file.number(place + 2, 2)
            let body = try file.slice(place + 4, length - 2)
            place += 2 + length
            switch marker {
            case 0xDA: return found
            case 0xE0 where body.starts(with: Array("JFIF".utf8)): break
            case 0xE1 where body.starts(with: Array("Exif".utf8)): try exif(body.slice(6, body.count - 6), &found)
            case 0xE1: found.foreign.insert("XMP")
            case 0xE0...0xEF: found.foreign.insert("APP\(marker - 0xE0)")
            case 0xFE: found.foreign.insert("COM")
            default: break
            }
        }
    }

    private static func webp(_ file: Bytes) throws -> Found {
        var found = Found()
        var place = 12
        while place < file.count {
            let name = try file.name(place)
            let length = try file.number(place + 4, 4, isLittle: true)
            if name == "EXIF" {
                var body = try file.slice(place + 8, length)
                if body.starts(with: Array("Exif".utf8)) { body = try body.slice(6, length - 6) }
                try exif(body, &found)
            } else if !["VP8 ", "VP8L", "VP8X", "ALPH"].contains(name) {
                found.foreign.insert(name)
            }
            place += 8 + length + length % 2
        }
        return found
    }

    private static func png(_ file: Bytes) throws -> Found {
        var found = Found()
        var place = 8
        while place < file.count {
            let length = try file.number(place, 4)
            let name = try file.name(place + 4)
            if name == "eXIf" {
                try exif(file.slice(place + 8, length), &found)
            } else if !["IHDR", "PLTE", "IDAT", "IEND", "pHYs", "tRNS", "sRGB", "gAMA", "cHRM", "bKGD"].contains(name) {
                found.foreign.insert(name)
            }
            place += 12 + length
        }
        return found
    }

    private static func exif(_ tiff: Bytes, _ found: inout Found) throws {
        let isLittle = tiff.starts(with: Array("II".utf8))
        var open = [try tiff.number(4, 4, isLittle: isLittle)]
        while let place = open.popLast(), place > 0 {
            let count = try tiff.number(place, 2, isLittle: isLittle)
            for entry in 0..<count {
                let at = place + 2 + 12 * entry
                let tag = try tiff.number(at, 2, isLittle: isLittle)
                found.exif.insert(tag)
                if [0x8769, 0x8825, 0xA005].contains(tag) {
                    open.append(try tiff.number(at + 8, 4, isLittle: isLittle))
                }
            }
            let next = try tiff.number(place + 2 + 12 * count, 4, isLittle: isLittle)
            if next > 0 { open.append(next) }
        }
    }
}
