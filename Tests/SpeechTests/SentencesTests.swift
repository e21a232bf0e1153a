import Speech
import Testing

@Suite struct SentencesTests {
    @Test func splitsAtTheEndOfSentences() {
        let text = "Morning light. A cup of coffee! Is it warm?  Yes… The end"
        #expect(Sentences.split(text) == ["Morning light.", "A cup of coffee!", "Is it warm?", "Yes…", "The end"])
    }

    @Test func keepsAbbreviationsInitialsAndNumbersTogether() {
        #expect(
            Sentences.split("Dr. Watson paid 3.50 pounds to J. R. Smith. He left.") == [
                "Dr. Watson paid 3.50 pounds to J. R. Smith.", "He left.",
            ])
        #expect(Sentences.split("Use e.g. coffee. Done.") == ["Use e.g. coffee.", "Done."])
        #expect(Sentences.split("We went to the U.S. together.") == ["We went to the U.S. together."])
        #expect(Sentences.split("So do I. And you?") == ["So do I.", "And you?"])
    }

    @Test func takesQuotesAndParagraphs() {
        #expect(Sentences.split("\"Come in.\" He came.") == ["\"Come in.\"", "He came."])
        #expect(Sentences.split("A title\n\nThe text goes\non here.") == ["A title", "The text goes on here."])
        #expect(Sentences.split("今日は晴れ。散歩に行く。") == ["今日は晴れ。", "散歩に行く。"])
    }

    @Test(arguments: ["", "   \n\n ", "\t"]) func nothingGivesNothing(text: String) {
        #expect(Sentences.split(text).isEmpty)
    }

    @Test func losesNoWord() {
        let text = String(repeating: "Where e.g. the U.N. met... did J. Doe (of No. 5) go?! \"There.\" ", count: 50)
        let words = text.split(separator: " ")
        #expect(Sentences.split(text).flatMap { $0.split(separator: " ") } == words)
    }
}
