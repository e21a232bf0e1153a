import FoundationEssentials
import HTTP
import Primitives
import Testing

struct MessageTests {
    private struct Thing: Decodable {
        struct Inner: Decodable { let count: Int }
        let title: String
        let items: [Inner]?
    }

    private func decode(_ text: String, type: String? = "application/json") async throws -> Thing {
        var headers = HTTPHeaders()
        if let type { headers.set("Content-Type", type) }
        return try await HTTPRequest(method: .POST, target: "/", headers: headers, body: .data(Data(text.utf8)))
            .decode()
    }

    @Test(arguments: [
        (#"{}"#, "title is required."), (#"{"title":7}"#, "title must be text."),
        (#"{"title":null}"#, "title must not be null."),
        (#"{"title":"a","items":[{"count":1},{"count":"x"}]}"#, "items[1].count must be a whole number."),
        (#"{"title":"a","items":3}"#, "items must be a list."), (#"{"title":"#, "The content is not valid JSON."),
        (#"{"title":"a","items":[{"count":1.5}]}"#, "the content has a number that is out of range or not whole."),
    ])
    func namesTheFaultyField(text: String, detail: String) async {
        let problem = await #expect(throws: Problem.self) { try await decode(text) }
        #expect(problem?.status == .badRequest)
        #expect(problem?.detail == detail)
    }

    @Test func refusesOtherTypesAndDeepNesting() async {
        #expect(
            await #expect(throws: Problem.self) { try await decode("{}", type: "text/plain") }?.status
                == .unsupportedMediaType)
        #expect(
            await #expect(throws: Problem.self) { try await decode("{}", type: nil) }?.status == .unsupportedMediaType)
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        #expect(await #expect(throws: Problem.self) { try await decode(deep) }?.status == .badRequest)
        let large = #"{"title":""# + String(repeating: "x", count: 1 << 20) + #""}"#
        #expect(await #expect(throws: Problem.self) { try await decode(large) }?.status == .contentTooLarge)
    }

    @Test func rendersProblems() throws {
        let answer = Problem.invalid([("a", "is bad"), ("b", "is worse")]).response(requestID: "r-1")
        #expect(answer.headers["Content-Type"] == "application/problem+json")
        guard case .data(let data) = answer.body else { return #expect(Bool(false)) }
        let value = try JSON.decode(JSONValue.self, from: data)
        #expect(value["status"] == 400 && value["code"] == "invalid_request" && value["requestId"] == "r-1")
        #expect(value["errors"]?.arrayValue?.count == 2)
        #expect(value["type"] == "about:blank")
    }

    @Test func headersCompareWithoutCase() {
        var headers: HTTPHeaders = ["X-A": "1", "x-a": "2", "Y": "3"]
        #expect(headers.all("X-a") == ["1", "2"])
        headers["X-A"] = "4"
        #expect(headers.all("x-A") == ["4"] && headers.count == 2)
        headers.add("Accept", "a, b ,,")
        headers.add("accept", "c")
        #expect(headers.list("Accept") == ["a", "b", "c"])
        headers["Y"] = nil
        #expect(!headers.contains("y"))
        #expect(!"[".equalsIgnoringCase("{"))
    }

    @Test func readsQueriesAndCookies() throws {
        let request = HTTPRequest(
            method: .GET, target: "/a?x=1&y=a+b%26&x=2&empty&limit=7", headers: ["Cookie": "a=1; b=2", "cookie": "a=3"])
        #expect(request.path == "/a")
        #expect(request.query["x"] == "1" && request.query.all("x") == ["1", "2"] && request.query["y"] == "a b&")
        #expect(request.query["empty"] == "" && request.query["none"] == nil)
        #expect(try request.pageLimit() == 7)
        #expect(request.cookies == ["a": "1", "b": "2"])
        for bad in ["0", "101", "x", "1.5", ""] {
            #expect(throws: Problem.self) { try HTTPRequest(method: .GET, target: "/?limit=\(bad)").pageLimit() }
        }
    }

    @Test func anIdThatCannotExistIsNotFound() {
        var request = HTTPRequest(method: .GET, target: "/")
        request.parameters = ["id": "7"]
        #expect(throws: Problem.self) { try request.uuid("id") }
    }

    @Test func makesEventStreams() async throws {
        let answer = HTTPResponse.eventStream { events in
            try await events.send("a\nb", event: "x\ny", id: "1")
            try await events.keepAlive()
        }
        guard case .stream(nil, let write) = answer.body else { return #expect(Bool(false)) }
        nonisolated(unsafe) var text = ""
        try await write(BodyWriter { text += String(decoding: $0, as: UTF8.self) })
        #expect(text == "id: 1\nevent: x y\ndata: a\ndata: b\n\n:\n\n")
    }

    @Test func cutsPages() throws {
        let page = Page([1, 2, 3], limit: 2) { String($0) }
        #expect(try JSON.text(page) == #"{"items":[1,2],"nextCursor":"2"}"#)
        #expect(try JSON.text(Page([1], limit: 2) { String($0) }) == #"{"items":[1],"nextCursor":null}"#)
    }
}
