import AV
import Foundation
import TestKit
import Testing

@Suite struct ProbeTests {
    @Test func readsTheFilm() throws {
        let info = try MediaProbe.probe(FileSource(path: TestMedia.film), loudness: true)
        #expect(info.kind == .video)
        #expect(info.container == "mp4")
        #expect(info.width == 854 && info.height == 480)
        #expect(info.fps == 24)
        #expect(info.codec == "h264" && info.audioCodec == "aac")
        #expect((29_900...30_200).contains(info.durationMs ?? 0))
        #expect(info.streams.first { $0.kind == .audio }?.channels == 6)
        #expect((-60 ... -5).contains(info.loudness?.integratedLUFS ?? 0))
    }

    @Test func refusesWhatIsTooLong() throws {
        var limits = MediaLimits()
        limits.maxDurationMs = 10_000
        #expect(throws: MediaError.self) { try MediaProbe.probe(FileSource(path: TestMedia.film), limits: limits) }
        do {
            _ = try MediaProbe.probe(FileSource(path: TestMedia.film), limits: limits)
        } catch let error as MediaError {
            #expect(error.code == .tooLong)
        }
    }

    @Test func refusesWhatIsTooBig() throws {
        var limits = MediaLimits()
        limits.maxPixels = 100_000
        let error = #expect(throws: MediaError.self) {
            try MediaProbe.probe(FileSource(path: TestMedia.film), limits: limits)
        }
        #expect(error?.code == .tooLarge)
    }

    @Test func stopsAtTheDeadline() throws {
        let error = #expect(throws: MediaError.self) {
            try MediaProbe.probe(FileSource(path: TestMedia.film), interrupt: Interrupt(limit: .zero))
        }
        #expect(error?.code == .timeout)
    }

    @Test func stopsWhenCancelled() throws {
        let interrupt = Interrupt()
        interrupt.cancel()
        #expect(throws: CancellationError.self) {
            try MediaProbe.probe(FileSource(path: TestMedia.film), interrupt: interrupt)
        }
    }

    /// An upload that is a playlist must never make libav open another file.
    @Test(arguments: [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile \(TestMedia.film)\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period/></MPD>",
        "",
        "hello",
    ])
    func refusesPlaylistsInDisguise(_ text: String) throws {
        let folder = try TemporaryFolder()
        for name in ["x.mp4", "x"] {
            try text.write(toFile: folder.file(name), atomically: false, encoding: .utf8)
            let error = #expect(throws: MediaError.self) {
                try MediaProbe.probe(FileSource(path: folder.file(name)))
            }
            #expect(error?.code == .unsupportedFormat || error?.code == .damaged)
        }
    }
}
