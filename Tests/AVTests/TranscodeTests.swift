import Foundation
import TestKit
import Testing

@testable import AV

@Suite struct TranscodeTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func transcode(_ spec: TranscodeSpec) throws -> (TranscodeResult, MediaInfo) {
        let path = folder.file("out")
        let result = try Transcoder.run(FileSource(path: TestMedia.film), spec, to: path)
        return (result, try MediaProbe.probe(FileSource(path: path)))
    }

    @Test func mp4IsCopiedWherePossible() throws {
        let (result, info) = try transcode(TranscodeSpec(format: .mp4))
        #expect(result.copiedVideo)
        #expect(!result.copiedAudio, "six channels are mixed down")
        #expect(info.width == 854 && info.height == 480)
        #expect((29_900...30_200).contains(info.durationMs ?? 0))
        #expect(info.streams.first { $0.kind == .audio }?.channels == 2)
        // `moov` first.
        let head = try FileHandle(forReadingFrom: URL(filePath: folder.file("out"))).read(upToCount: 64) ?? Data()
        #expect(String(decoding: head, as: UTF8.self).contains("moov"))
    }

    @Test(arguments: TranscodeFormat.allCases) func everyFormatReadsBack(_ format: TranscodeFormat) throws {
        var spec = TranscodeSpec(format: format)
        spec.startMs = 10_000
        spec.endMs = 12_000
        if format.isVideo { spec.maxHeight = 120 }
        let (result, info) = try transcode(spec)
        #expect((1900...2200).contains(result.durationMs), "\(result)")
        #expect((1900...2200).contains(info.durationMs ?? 0), "\(info)")
        #expect(info.kind == (format.isVideo ? .video : .audio))
        if format.isVideo { #expect(info.height == 120) }
    }

    @Test func neverScalesUp() throws {
        var spec = TranscodeSpec(format: .mp4)
        spec.maxWidth = 4000
        spec.maxHeight = 2000
        spec.endMs = 500
        #expect(try transcode(spec).1.height == 480)
    }

    @Test func reportsProgress() throws {
        var spec = TranscodeSpec(format: .mp4)
        spec.maxHeight = 240
        var seen: [MediaProgress] = []
        _ = try Transcoder.run(FileSource(path: TestMedia.film), spec, to: folder.file("out")) { seen.append($0) }
        #expect(seen.count > 1)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.fraction <= $1.fraction })
    }

    @Test func faultsNameTheirField() {
        var spec = TranscodeSpec(format: .mp3)
        spec.maxWidth = 5
        spec.startMs = 9
        spec.endMs = 9
        #expect(spec.faults.map(\.field) == ["maxWidth", "maxWidth", "endMs"])
    }

    @Test func aLadderHasNoStepAboveTheSource() {
        #expect(HLSRung.ladder(sourceHeight: 480).map(\.height) == [240, 360, 480])
        #expect(HLSRung.ladder(sourceHeight: 1080).map(\.height) == [240, 360, 540, 720, 1080])
        #expect(HLSRung.ladder(sourceHeight: 2160).map(\.height) == [240, 360, 540, 720, 1080])
        #expect(HLSRung.ladder(sourceHeight: 100).map(\.height) == [100])
        #expect(HLSRung.ladder(sourceHeight: 550).map(\.height) == [240, 360, 540])
    }

    @Test func hls() throws {
        let result = try HLSPackager.run(FileSource(path: TestMedia.film), into: folder.path)
        #expect(result.variants.map(\.height) == [240, 360, 480])
        #expect(result.files.last == "master.m3u8")
        #expect(Set(result.files) == Set(folder.contents.filter { $0.contains(".") }))
        #expect(result.variants.allSatisfy { $0.codecs.hasPrefix("avc1.") && $0.codecs.hasSuffix(",mp4a.40.2") })
        let master = try String(contentsOfFile: folder.file("master.m3u8"), encoding: .utf8)
        #expect(master.contains("RESOLUTION=854x480"))
        let lists = try result.variants.map {
            try String(contentsOfFile: folder.file("\($0.name)/index.m3u8"), encoding: .utf8)
        }
        // All variants are cut at the same times.
        let lengths = lists.map { MasterPlaylist.segments(of: $0).map { ($0.duration * 100).rounded() } }
        #expect(Set(lengths).count == 1)
        #expect(lengths[0].count == 8)
        #expect(result.variants.allSatisfy { $0.bandwidth >= $0.averageBandwidth && $0.averageBandwidth > 50_000 })
        #expect(lists[0].contains("#EXT-X-ENDLIST"))
    }
}
