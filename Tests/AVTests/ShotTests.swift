import TestKit
import Testing

@testable import AV

@Suite struct ShotTests {
    @Test func cutsAreFoundAndFadesAreNot() {
        var finder = CutFinder(threshold: 10, minimumMs: 400)
        for step in 0..<100 {
            // Two takes that slowly grow brighter, with a cut at 2 s.
            let base = step < 50 ? 20 : 150
            finder.add([UInt8](repeating: UInt8(base + step % 50), count: 64), atMs: Int64(step) * 40)
        }
        #expect(finder.cuts == [2000])
        #expect(finder.shots(durationMs: 4000) == [Shot(startMs: 0, endMs: 2000), Shot(startMs: 2000, endMs: 4000)])
    }

    @Test func takesCoverTheFilm() throws {
        let shots = try ShotDetector().shots(of: FileSource(path: TestMedia.film))
        #expect(shots.count >= 3)
        #expect(shots.first?.startMs == 0)
        #expect((29_900...30_200).contains(shots.last?.endMs ?? 0))
        for (shot, next) in zip(shots, shots.dropFirst()) { #expect(shot.endMs == next.startMs) }
        print(shots)
    }

    @Test func aPosterIsNoBlackPicture() throws {
        let poster = try PosterFinder.poster(of: FileSource(path: TestMedia.film), maxSide: 320)
        #expect(poster.width == 320 && poster.height == 178 || poster.height == 180)
        #expect(Set(poster.rgb).count > 100)
    }
}
