import Film
import Primitives
import Testing

@testable import MLWorkerService

@Suite struct VisualPlannerTests {
    private let coffee = MediaItem(id: "photo", kind: .photo, filename: "coffee.png", shots: [])
    private let meadow = MediaItem(
        id: "clip", kind: .clip, filename: "meadow.mp4",
        shots: [
            .init(startMs: 0, endMs: 5_200), .init(startMs: 5_200, endMs: 9_000), .init(startMs: 9_000, endMs: 20_000),
        ])

    private func needs(_ words: [String]) -> [VisualPlanner.Need] {
        words.map { VisualPlanner.Need(words: $0, caption: $0, durationMs: ScriptBuilder.duration($0)) }
    }

    @Test func picturesFollowTheWords() {
        let visuals = VisualPlanner([coffee, meadow]).visuals(
            needs([
                "Some mornings begin before the world is awake.", "Clouds drift over the meadow.",
                "One small bird sings.",
                "The coffee is still too hot.", "Then the day may come.",
            ]))
        #expect(visuals.map(\.kind) == [.clip, .clip, .clip, .photo, .clip])
        #expect(visuals[3].assetId == "photo")
        expectNoSecondTwice(visuals)
        // Time goes forward within the clip where the lengths allow it.
        #expect(visuals[0].startMs ?? 0 < visuals[4].startMs ?? 0)
    }

    @Test func theMorningFilm() {
        // The demo's own clip: clouds and meadow, a brook, a bird.
        let clip = MediaItem(
            id: "clip", kind: .clip, filename: "meadow-20s.mp4",
            shots: [
                .init(startMs: 0, endMs: 11_875), .init(startMs: 11_875, endMs: 15_750),
                .init(startMs: 15_750, endMs: 20_000),
            ])
        let visuals = VisualPlanner([coffee, clip]).visuals(
            needs([
                "Clouds drift over the valley while the first light comes up.",
                "The meadow wakes slowly, and the grass is still wet.",
                "A brook runs past the old tree and does not hurry.", "High on a branch a bird begins to sing.",
                "Back at home a cup of coffee is waiting, warm and dark.",
            ]))
        #expect(visuals.map(\.kind) == [.clip, .clip, .clip, .clip, .photo])
        let shots = visuals.prefix(4).map { visual in clip.shots.firstIndex { $0.endMs > visual.startMs ?? 0 } }
        #expect(shots == [0, 0, 1, 2])
    }

    @Test func noPartCrossesACut() {
        let visuals = VisualPlanner([meadow]).visuals(needs((1...6).map { "Sentence number \($0) has a few words." }))
        for visual in visuals where visual.kind == .clip {
            let start = visual.startMs ?? 0
            let end = visual.endMs ?? 0
            #expect(meadow.shots.contains { $0.startMs <= start && end <= $0.endMs })
        }
    }

    @Test func photographsAloneTakeTurns() {
        let photos = (1...3).map { MediaItem(id: "p\($0)", kind: .photo, filename: "\($0).jpg", shots: []) }
        let visuals = VisualPlanner(photos).visuals(needs(Array(repeating: "Nothing that a name says.", count: 8)))
        #expect(visuals.allSatisfy { $0.kind == .photo })
        #expect(zip(visuals, visuals.dropFirst()).allSatisfy { $0.assetId != $1.assetId })
        #expect(Set(visuals.compactMap(\.assetId)).count == 3)
    }

    @Test func aLonePhotographAndCardsTakeTurns() {
        let visuals = VisualPlanner([coffee]).visuals(needs(["One two.", "Three four.", "Five six.", "Seven eight."]))
        #expect(visuals.contains { $0.kind == .photo })
        #expect(zip(visuals, visuals.dropFirst()).allSatisfy { $0.kind != .photo || $1.kind != .photo })
    }

    @Test func withoutAssetsThereAreCards() {
        let visuals = VisualPlanner([]).visuals(needs(["One sentence.", "Another one."]))
        #expect(visuals.map(\.kind) == [.card, .card])
        #expect(visuals.map(\.text) == ["One sentence.", "Another one."])
        #expect(visuals.allSatisfy { $0.style == .statement })
    }

    @Test func neverTheSameSecondsTwiceWhateverTheAssets() {
        var generator = SeededRandom(seed: 11)
        for round in 0..<400 {
            let media = (0..<Int.random(in: 0...5, using: &generator)).map { index -> MediaItem in
                if Bool.random(using: &generator) {
                    return MediaItem(id: "p\(index)", kind: .photo, filename: "coffee\(index).jpg", shots: [])
                }
                var at = 0
                let shots = (0..<Int.random(in: 0...6, using: &generator)).map { _ -> MediaItem.Shot in
                    let end = at + Int.random(in: 1...15_000, using: &generator)
                    defer { at = end }
                    return .init(startMs: at, endMs: end)
                }
                return MediaItem(id: "c\(index)", kind: .clip, filename: "bird.mp4", shots: shots)
            }
            let words = ["A bird sings.", "Coffee, warm and strong, stands on the table before me.", "Yes."]
            let needs = needs((0..<Int.random(in: 1...14, using: &generator)).map { words[$0 % 3] })
            let visuals = VisualPlanner(media).visuals(needs)
            #expect(visuals.count == needs.count)
            expectNoSecondTwice(visuals, "round \(round)")
            for visual in visuals where visual.kind == .clip {
                #expect((visual.endMs ?? 0) - (visual.startMs ?? 0) >= 1_000, "round \(round)")
            }
        }
    }

    @Test func fileNamesAndWords() {
        #expect(VisualPlanner.score("coffee.png", "The coffee is hot") == 1)
        #expect(VisualPlanner.score("red-cars_03.mov", "A car and many cars, red ones") == 2)
        #expect(VisualPlanner.score("IMG_2041.JPG", "img of nothing") == 0)
        #expect(VisualPlanner.score("", "words") == 0)
    }

    private func expectNoSecondTwice(_ visuals: [Visual], _ comment: String = "") {
        let parts = visuals.filter { $0.kind == .clip }
        for (index, first) in parts.enumerated() {
            for second in parts[(index + 1)...] where first.assetId == second.assetId {
                let apart = (first.endMs ?? 0) <= (second.startMs ?? 0) || (second.endMs ?? 0) <= (first.startMs ?? 0)
                #expect(apart, "\(comment): \(first) and \(second)")
            }
        }
    }
}
