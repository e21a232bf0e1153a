import AV
import Execution
import Foundation
import Images
import Jobs
import Primitives
import TestKit
import Testing

@testable import MediaWorkerService

extension HostileMedia {
    /// R44: small files that would become huge. Each is refused quickly, with its reason, within its memory.
    @Suite struct BombTests {
        private let folder: TemporaryFolder
        init() throws { folder = try TemporaryFolder("bombs") }

        private struct Verdict {
            let code: String
            let result: ChildProcess.Result
            let seconds: Double
        }

        private func judge(_ task: DecodeTask) throws -> Verdict {
            let order = DecodeOrder(task: task, limits: DecodeLimits(), timeLimitMs: 60_000, threads: 1)
            let child = ChildProcess(
                TestSandbox.executable, [DecodeChild.word], environment: ["MALLOC_ARENA_MAX": "2"], folder: folder.path,
                limits: WorkClass.picture.limits)
            var last: DecodeMessage?
            let start = ContinuousClock.now
            let result = try child.run(input: try JSON.encode(order) + [UInt8(ascii: "\n")], deadline: .seconds(60)) {
                line in
                if let message = try? JSON.decode(DecodeMessage.self, from: line), message.progress == nil {
                    last = message
                }
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let failure = last.map { $0.failure } ?? DecodeVerdict.failure(of: result, memory: WorkClass.picture.memory)
            return Verdict(code: failure?.code ?? "done", result: result, seconds: seconds)
        }

        private func thumbnail(_ path: String) -> DecodeTask {
            .thumbnails(
                input: path, kind: .image,
                wanted: [.init(maxSide: 480, outputs: [.init(path: folder.file("t.jpg"), format: .jpeg)])])
        }

        @Test func bombsAreRefused() throws {
            let plain = try judge(thumbnail(TestMedia.photograph)).result.maxResidentBytes
            let bombs: [(name: String, task: DecodeTask, codes: Set<String>)] = [
                ("30000² of one bit", thumbnail(try bigPNG(30_000)), ["too_large"]),
                ("a header of 65535²", thumbnail(try header(65_535)), ["too_large"]),
                ("10,000 pictures", thumbnail(try longGIF()), ["too_large"]),
                (
                    "a million entries", .probe(input: try bigIndex(), kind: .video),
                    ["damaged", "too_large", "unsupported_format"]
                ),
                ("a day of silence", .probe(input: try dayOfSilence(), kind: .audio), ["too_long"]),
                ("gzip of nothing", .probe(input: try gzip(), kind: .video), ["unsupported_format", "damaged"]),
                ("gzip as a picture", thumbnail(try gzip()), ["unsupported_format"]),
                ("deep SVG", thumbnail(try svg()), ["unsupported_format"]),
            ]
            for bomb in bombs {
                let verdict = try judge(bomb.task)
                let megabytes = (verdict.result.maxResidentBytes - plain) >> 20
                print("R44 \(bomb.name): \(verdict.code), \(Int(verdict.seconds * 1000)) ms, \(megabytes) MiB more")
                #expect(bomb.codes.contains(verdict.code), "\(bomb.name): \(verdict.code)")
                #expect(megabytes < 128, "\(bomb.name)")
            }
            #expect(TestSandbox.leftovers.isEmpty)
        }

        private func write(_ name: String, _ data: Data) throws -> String {
            try data.write(to: URL(filePath: folder.file(name)))
            return folder.file(name)
        }

        /// A true PNG: all its pixels are there, packed a thousandfold.
        private func bigPNG(_ side: Int) throws -> String {
            let path = folder.file("big.png")
            try Command.run("/usr/bin/vips", ["black", folder.file("b.v"), "\(side)", "\(side)"])
            try Command.run("/usr/bin/vips", ["pngsave", folder.file("b.v"), path, "--bitdepth", "1"])
            try FileManager.default.removeItem(atPath: folder.file("b.v"))
            return path
        }

        private func header(_ side: UInt32) throws -> String {
            func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
            var data = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
            for (type, body) in [("IHDR", big(side) + big(side) + [8, 6, 0, 0, 0]), ("IDAT", []), ("IEND", [])] {
                let covered = Array(type.utf8) + body
                var sum = UInt32.max
                for byte in covered {
                    sum ^= UInt32(byte)
                    for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
                }
                data += big(UInt32(body.count)) + covered + big(~sum)
            }
            return try write("header.png", data)
        }

        private func longGIF() throws -> String {
            var data = Data("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]
            let frame: [UInt8] = [0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]
            for _ in 0..<10_000 { data.append(contentsOf: frame) }
            return try write("long.gif", data + [0x3B])
        }

        /// An MP4 whose sample table says that it has a million samples.
        private func bigIndex() throws -> String {
            func big(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(value).bigEndian) { Array($0) } }
            func box(_ type: String, _ body: [UInt8]) -> [UInt8] { big(body.count + 8) + Array(type.utf8) + body }
            let entries = 1_000_000
            var sizes = big(0) + big(0) + big(entries)
            sizes.reserveCapacity(entries * 4)
            for _ in 0..<entries { sizes += [0, 0, 0, 1] }
            let table = box("stbl", box("stsz", sizes))
            let handler = box("hdlr", big(0) + big(0) + Array("vide".utf8) + [UInt8](repeating: 0, count: 13))
            let track = box("trak", box("mdia", handler + box("minf", table)))
            return try write(
                "index.mp4", Data(box("ftyp", Array("isom".utf8) + big(512) + Array("isom".utf8)) + box("moov", track)))
        }

        /// FLAC whose header says that a day follows.
        private func dayOfSilence() throws -> String {
            let path = folder.file("short.flac")
            try Command.run(
                "/usr/bin/ffmpeg",
                ["-v", "error", "-y", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "2", "-c:a", "flac", path])
            var data = try Data(contentsOf: URL(filePath: path))
            // STREAMINFO: 36 bits of the number of samples end 18 bytes into the block, which begins at byte 8.
            let samples = 8000 * 86_400
            for index in 0..<4 { data[8 + 14 + index] = UInt8(truncatingIfNeeded: samples >> (24 - 8 * index)) }
            return try write("day.flac", data)
        }

        private func gzip() throws -> String {
            let path = folder.file("zeros.gz")
            _ = try Command.run("/bin/sh", ["-c", "head -c 1073741824 /dev/zero | gzip -1 > \(path)"])
            return path
        }

        private func svg() throws -> String {
            let layers = String(repeating: "<g opacity='0.9'>", count: 100_000)
            return try write("deep.svg", Data("<svg xmlns='http://www.w3.org/2000/svg'>\(layers)".utf8))
        }
    }
}
