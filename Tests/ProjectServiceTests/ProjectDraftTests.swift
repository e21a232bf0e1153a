import FoundationEssentials
import HTTP
import Primitives
import Testing

@testable import ProjectService

@Suite struct ProjectDraftTests {
    private func draft(_ json: JSONValue) throws -> ProjectDraft { try json.decode() }

    private func fields(_ json: JSONValue, isNew: Bool = true) throws -> [String] {
        do {
            _ = try draft(json).checked(isNew: isNew)
            return []
        } catch let problem as Problem {
            #expect(problem.status == .badRequest)
            return problem.members["errors"]?.arrayValue?.compactMap { $0["field"]?.stringValue } ?? []
        }
    }

    @Test func namesEveryFaultAtOnce() throws {
        let long = String(repeating: "a", count: 256)
        #expect(try fields([:]) == ["title"])
        #expect(try fields(["title": " \n "]) == ["title"])
        #expect(
            try fields(["title": .string(long), "type": "a b", "status": "x"]) == ["title", "type", "status"])
        #expect(try fields(["title": "a\0b"]) == ["title"])
        #expect(try fields(["title": "x", "status": "published"]) == ["status"])
        #expect(
            try fields(["description": .string(String(repeating: "x", count: 20_001))], isNew: false) == ["description"]
        )
        #expect(try fields([:], isNew: false) == [])
    }

    @Test func trimsTheTitleAndTakesTheOlderName() throws {
        #expect(try draft(["title": "  Ein Film\t"]).checked(isNew: true).title == "Ein Film")
        #expect(try draft(["name": "Old"]).checked(isNew: true).title == "Old")
        #expect(
            try draft(["title": .string(String(repeating: "ü", count: 255))]).checked(isNew: true).title?.count == 255)
    }
}
