import Testing

@testable import Speech

@Suite struct NarrationTests {
    @Test func clausesEndAtTheirMarks() throws {
        let narration = try Narration("The clouds drift by, slowly; a bird sings — and then: quiet. Is it day?")
        let sentences = narration.sentences
        #expect(sentences.count == 2)
        #expect(
            sentences[0].map(\.text) == ["The clouds drift by,", "slowly;", "a bird sings —", "and then:", "quiet."])
        #expect(sentences[0].map(\.mark) == [",", ";", ",", ":", "."])
        #expect(sentences[1].map(\.mark) == ["?"])
    }

    @Test func emojiAreReadNotSpoken() throws {
        let narration = try Narration("Coffee ☕️ is ready 😀!")
        #expect(narration.sentences[0].map(\.text).joined(separator: " ") == "Coffee ☕️ is ready 😀!")
        #expect(narration.sentences[0].map(\.spoken).joined(separator: " ") == "Coffee is ready !")
    }

    @Test(arguments: ["", "  \n ", "😀😀", "… — !", "\u{0}\u{7}"]) func nothingToSay(text: String) {
        #expect(throws: SpeechError.self) { try Narration(text) }
    }

    @Test func tooLong() {
        let error = #expect(throws: SpeechError.self) { try Narration(String(repeating: "word ", count: 20_000)) }
        #expect(error?.code == .textTooLong)
    }

    @Test func ordersForTheEngineAreTakenOut() {
        #expect(Narration.speakable("Say [[h@l'oU]] <break/> now") == "Say h@l'oU break/ now")
    }

    @Test func endlessSentencesAreCut() throws {
        let narration = try Narration(String(repeating: "word ", count: 500))
        #expect(narration.sentences[0].allSatisfy { $0.text.split(separator: " ").count <= 30 })
        #expect(narration.sentences[0].reduce(0) { $0 + $1.text.split(separator: " ").count } == 500)
        #expect(narration.sentences[0].last?.mark == ".")
    }
}
