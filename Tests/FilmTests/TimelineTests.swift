import Film
import Primitives
import Testing

@Suite("Timeline") struct TimelineTests {
    static let timeline = Timeline(
        aspect: .landscape, title: "One morning",
        scenes: [
            Scene(
                id: "s1", startMs: 0, durationMs: 4_000, visual: .card("One morning"),
                voice: Voice(assetId: "v1", offsetMs: 1_000, durationMs: 2_000)),
            Scene(
                id: "s2", startMs: 4_000, durationMs: 5_000, visual: .clip("c", from: 2_000, to: 7_000),
                transition: Transition(.dissolve, durationMs: 700)),
            Scene(id: "s3", startMs: 9_000, durationMs: 3_000, visual: .photo("p")),
        ],
        music: Music(assetId: "m"), captions: [Cue(startMs: 1_000, endMs: 3_000, text: "Hello")])

    @Test("A good timeline has no problems and names its assets once each, in order")
    func good() throws {
        try Self.timeline.validate()
        #expect(Self.timeline.durationMs == 12_000)
        #expect(Self.timeline.assetIDs == ["v1", "c", "p", "m"])
    }

    @Test("Travels as JSON, with defaults for what is left out")
    func json() throws {
        let copy = try JSON.decode(Timeline.self, from: JSON.encode(Self.timeline))
        #expect(copy == Self.timeline)
        let short = try JSON.decode(
            Timeline.self,
            from: #"{"title":"T","scenes":[{"id":"a","startMs":0,"durationMs":3000,"visual":{"kind":"card"}}]}"#)
        #expect(short.width == 1920 && short.height == 1080 && short.fps == 30 && short.burnCaptions)
        try short.validate()
    }

    @Test("Every fault is named with its path", arguments: faults)
    func faulty(fault: Fault) {
        var timeline = Self.timeline
        fault.make(&timeline)
        #expect(timeline.problems.map(\.path) == fault.paths)
        #expect(throws: TimelineError.self) { try timeline.validate() }
    }

    @Test("A smaller film keeps its shape and even sides")
    func reduced() {
        #expect(Self.timeline.reduced(toShortSide: 360).width == 640)
        var tall = Self.timeline
        (tall.width, tall.height) = (1080, 1920)
        let small = tall.reduced(toShortSide: 270)
        #expect(small.width == 270 && small.height == 480)
        #expect(small.problems.isEmpty)
        #expect(Self.timeline.reduced(toShortSide: 4000) == Self.timeline)
    }

    @Test("Numbers beyond all bounds are refused, not added up")
    func overflow() {
        var timeline = Self.timeline
        timeline.scenes[0].durationMs = .max
        timeline.scenes[1].startMs = .max
        timeline.scenes[1].durationMs = .max
        timeline.scenes[0].voice = Voice(assetId: "v", offsetMs: .max, durationMs: .max)
        #expect(timeline.problems.count >= 4)
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let paths: [String]
        let make: @Sendable (inout Timeline) -> Void
        init(_ name: String, _ paths: [String], _ make: @escaping @Sendable (inout Timeline) -> Void) {
            (testDescription, self.paths, self.make) = (name, paths, make)
        }
    }

    static let faults: [Fault] = [
        Fault("odd width", ["width"]) { $0.width = 1921 },
        Fault("huge height", ["height"]) { $0.height = 100_000 },
        Fault("no frames", ["fps"]) { $0.fps = 0 },
        Fault("blank title", ["title"]) { $0.title = "  " },
        Fault("no scenes", ["scenes", "captions[0].endMs"]) { $0.scenes = [] },
        Fault("a gap", ["scenes[2].startMs"]) { $0.scenes[2].startMs = 9_100 },
        Fault("the same id", ["scenes[1].id"]) { $0.scenes[1].id = "s1" },
        Fault("a photo without asset", ["scenes[2].visual.assetId"]) { $0.scenes[2].visual.assetId = nil },
        Fault("a clip backwards", ["scenes[1].visual.endMs"]) { $0.scenes[1].visual.endMs = 1_000 },
        Fault("a clip before zero", ["scenes[1].visual.startMs"]) { $0.scenes[1].visual.startMs = -5 },
        Fault("a card without words", ["scenes[1].visual.text"]) { $0.scenes[1].visual = Visual(kind: .card) },
        Fault("a voice that is cut off", ["scenes[0].voice"]) { $0.scenes[0].voice?.durationMs = 3_001 },
        Fault("a transition into the first", ["scenes[0].transition"]) {
            $0.scenes[0].transition = Transition(.fade, durationMs: 500)
        },
        Fault("a transition too long", ["scenes[1].transition.durationMs"]) {
            $0.scenes[1].transition = Transition(.wipe, durationMs: 2_100)
        },
        Fault("a caption beyond the end", ["captions[0].endMs"]) { $0.captions[0].endMs = 12_001 },
        Fault("captions over one another", ["captions[1].startMs"]) {
            $0.captions.append(Cue(startMs: 2_900, endMs: 3_500, text: "again"))
        },
        Fault("an empty caption", ["captions[0].text"]) { $0.captions[0].text = "\n" },
        Fault("deafening music", ["music.gainDb"]) { $0.music?.gainDb = 40 },
    ]
}
