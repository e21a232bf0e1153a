import Jobs
import Music
import Primitives
import Testing

@testable import MLWorkerService

@Suite struct BriefReaderTests {
    private static let brief = """
        Some mornings begin before the world is awake. The clouds drift over the meadow, and a brook runs through the \
        grass. One small bird sings on a branch. The coffee is still too hot. We drink it anyway, slowly. Then the day may \
        come.
        """

    @Test func saysWhatTheBriefSays() {
        let draft = BriefReader.draft(Self.brief)
        #expect(draft.title == "Some mornings begin")
        #expect(draft.scenes.map(\.narration).joined(separator: " ") == Self.brief)
        #expect(draft.scenes.count == 6)
        #expect(draft.musicMood == "calm")
        #expect(draft.problems.isEmpty)
    }

    @Test func aFirstLineMayBeTheTitle() {
        #expect(BriefReader.draft("Morning Coffee\n\nIt is early. The cup is warm.").title == "Morning Coffee")
        #expect(BriefReader.draft("# Our launch\nWe ship today. Come and see.").title == "Our launch")
        #expect(
            BriefReader.draft("Title: The brook\nWater runs over the stones. It sings all day long.").scenes.count == 2)
        #expect(BriefReader.draft("It is early.\nThe cup is warm.").title == "It is early")
    }

    @Test(arguments: [
        ("The quick, small fox jumps over the dog.", "The quick, small fox jumps"),
        ("Coffee.", "Coffee"), ("und dann kommt der Tag mit der Sonne", "Und dann kommt der Tag"),
        ("Quiet mornings by the lake, when nobody is awake.", "Quiet mornings by the lake"),
        ("A", "A"), ("😀 yes!", "😀 yes"), ("今日は晴れ。", "今日は晴れ。"),
    ]) func titles(sentence: String, title: String) {
        #expect(BriefReader.title(of: sentence) == title)
    }

    @Test func losesAndInventsNoWordWhateverTheBrief() throws {
        var generator = SeededRandom(seed: 5)
        let words = [
            "a", "the", "Coffee", "and", "e.g.", "No.", "3.5", "day,", "bird;", "runs.", "Why?", "Yes!", "…", "—", "😀",
            "日本",
        ]
        for _ in 0..<100 {
            let brief = (0..<Int.random(in: 1...400, using: &generator))
                .map { _ in words.randomElement(using: &generator) ?? "a" }.joined(separator: " ")
            guard brief.contains(where: { $0.isLetter || $0.isNumber }) else { continue }
            let draft = BriefReader.draft(brief)
            let spoken = draft.scenes.flatMap { $0.narration.split(separator: " ") }.filter {
                $0.contains(where: \.isLetter)
            }
            #expect(spoken == brief.split(separator: " ").filter { $0.contains(where: \.isLetter) })
            #expect((1...ScriptRequest.maximumScenes).contains(draft.scenes.count))
            #expect(!draft.title.isEmpty && draft.title.count <= 60)
        }
    }

    @Test func aLongBriefStillFits() throws {
        let brief = String(repeating: "The bird sings again in the early morning. ", count: 460)
        let draft = BriefReader.draft(brief)
        #expect(draft.scenes.count <= ScriptRequest.maximumScenes)
        #expect(draft.problems.isEmpty)
    }

    @Test(arguments: ["", "   ", "…", "😀😀"]) func emptyBriefs(brief: String) {
        let error = #expect(throws: JobFailure.self) {
            try ScriptRequest(brief: brief, language: "en", durationSeconds: nil)
        }
        #expect(error?.code == "brief_empty")
        #expect(error?.retriable == false)
    }

    @Test func impossibleRequests() {
        let long = String(repeating: "word ", count: 20_000)
        let cases: [(String, String, Double?, String)] = [
            (long, "en", nil, "brief_too_long"), ("Hello.", "en", 0, "invalid_duration"),
            ("Hello.", "en", 36_000, "invalid_duration"), ("Hello.", "en", .nan, "invalid_duration"),
            ("Hello.", "../..", nil, "unsupported_language"), ("Hello.", "", nil, "unsupported_language"),
        ]
        for (brief, language, seconds, code) in cases {
            let error = #expect(throws: JobFailure.self) {
                try ScriptRequest(brief: brief, language: language, durationSeconds: seconds)
            }
            #expect(error?.code == code)
        }
    }

    @Test func moods() {
        #expect(BriefReader.mood("A company launches a product for its customers.") == .corporate)
        #expect(BriefReader.mood("Nothing known here") == .warm)
    }
}
