import Auth
import Events
import FoundationEssentials
import HTTP
import Lifecycle
import Postgres
import Primitives
import ServiceKit
import ServiceTestKit
import Synchronization
import TestKit
import Testing

@testable import NotifierService

/// Collects what a stream writes; `isGone` makes it a peer that has left.
private final class Collector: Sendable {
    private let text = Mutex("")
    let isGone = Mutex(false)

    func write(_ data: Data) async throws {
        if isGone.withLock({ $0 }) { throw PeerGone() }
        text.withLock { $0 += String(decoding: data, as: UTF8.self) }
    }

    var all: String { text.withLock { $0 } }
    var events: [(id: Int64, data: JSONValue)] {
        all.split(separator: "\n\n").compactMap { block in
            let lines = block.split(separator: "\n")
            guard let id = lines.first(where: { $0.hasPrefix("id: ") }).flatMap({ Int64($0.dropFirst(4)) }),
                let data = lines.first(where: { $0.hasPrefix("data: ") })
            else { return nil }
            return (id, (try? JSON.decode(JSONValue.self, from: String(data.dropFirst(6)))) ?? .null)
        }
    }
}

@Suite struct LiveTests {
    /// Opens the stream as a client would; runs until its task is cancelled.
    private func open(
        _ world: ServiceWorld, _ person: Person, last: Int64? = nil
    ) async throws -> (Collector, Task<Void, any Error>) {
        var headers = HTTPHeaders()
        headers["Last-Event-ID"] = last.map(String.init)
        let request = try world.request(.GET, "/api/v1/events", as: person, headers: headers)
        let response = await world.assembly.routes.respond(to: request)
        guard case .stream(_, let body) = response.body else {
            throw ServiceWorld.Failure(description: "\(response.status)")
        }
        let collector = Collector()
        let task = Task { try await body(BodyWriter { try await collector.write($0) }) }
        try await eventually("the stream is open") { collector.all.contains("retry:") }
        return (collector, task)
    }

    @Test func tellsTheWorkspaceAndNobodyElse() async throws {
        try await NotifierWorld.run { world in
            let (ada, eve) = (Person(), Person())
            let colleague = Person(workspace: ada.workspace)
            let (mine, a) = try await open(world, ada, last: 0)
            let (theirs, b) = try await open(world, eve, last: 0)
            let (shared, c) = try await open(world, colleague, last: 0)
            defer { for task in [a, b, c] { task.cancel() } }
            try await world.deliver(ada.run("running"), times: 2)
            try await world.deliver(ada.run("succeeded"))
            // Two of the run, and for her alone the notification.
            try await eventually("her events") { mine.events.count == 3 }
            #expect(
                mine.events.map { $0.data["type"]?.stringValue } == ["RunChanged", "RunChanged", "NotificationCreated"])
            #expect(mine.events.map(\.id) == mine.events.map(\.id).sorted())
            try await eventually("the colleague's") { shared.events.count == 2 }
            #expect(theirs.events.isEmpty)
        }
    }

    @Test func readsOnWhereItWas() async throws {
        try await NotifierWorld.run { world in
            let ada = Person()
            let (first, task) = try await open(world, ada, last: 0)
            for progress in 1...5 { try await world.deliver(ada.run("running", progress: progress)) }
            try await eventually("five") { first.events.count == 5 }
            task.cancel()
            let last = try #require(first.events.last?.id)
            for progress in 6...250 { try await world.deliver(ada.run("running", progress: progress)) }
            // On another process.
            let other = try await world.replica()
            let (second, again) = try await open(other, ada, last: last)
            try await eventually("the rest") { second.events.count == 245 }
            try await world.deliver(ada.run("running", progress: 251))
            try await eventually("one more") { second.events.count == 246 }
            again.cancel()
            await other.stop()
            let progress = (first.events + second.events).map { $0.data["progress"]?.intValue }
            #expect(progress == (1...251).map { Int64($0) })
        }
    }

    @Test func endsWithTheSession() async throws {
        try await NotifierWorld.run { world in
            let ada = Person()
            let (stream, task) = try await open(world, ada)
            world.tokens.revocations.revoke(ada.session, until: Date().addingTimeInterval(600))
            try await task.value
            #expect(stream.all.contains("session_ended"))
        }
    }

    @Test func saysWhenItsPlaceIsLost() async throws {
        try await NotifierWorld.run { world in
            let ada = Person()
            for progress in 1...5 { try await world.deliver(ada.run("running", progress: progress)) }
            try await world.postgres.execute("DELETE FROM live_event WHERE seq < 4")
            let (stream, task) = try await open(world, ada, last: 1)
            try await task.value
            #expect(stream.all.contains("too_old"))
        }
    }

    @Test func aPlaceIsLostAlsoWhereNothingIsKeptAnyMore() async throws {
        try await NotifierWorld.run { world in
            let ada = Person()
            for progress in 1...5 { try await world.deliver(ada.run("running", progress: progress)) }
            try await world.postgres.execute("DELETE FROM live_event")
            let bounds = try await LiveEventStore.bounds(ada.workspace, on: world.postgres)
            #expect(!bounds.canReadOn(after: 3))
            #expect(bounds.canReadOn(after: bounds.last))
            // A number of another database.
            #expect(!bounds.canReadOn(after: bounds.last + 100))
            #expect(bounds.canReadOn(after: 0))
        }
    }

    @Test func onlySoManyStreamsAreOpen() async throws {
        try await NotifierWorld.run(["LIVE_CLIENTS": "1"]) { world in
            let (_, task) = try await open(world, Person())
            defer { task.cancel() }
            #expect(try await world.send(.GET, "/api/v1/events", as: Person()).status == 503)
        }
    }

    @Test func whatIsShownHasPlainNames() throws {
        let run = UUID.v7()
        let shown = try PublicJSON.object(
            WorkChanged(
                workID: run, worker: .mediaWorker, kind: "render", workspaceID: run, userID: run, runID: run,
                stepID: "Scene-1", attempt: 1, status: "running", progress: 5, outputJSON: #"{"assetId":"x"}"#,
                retriable: false))
        #expect(shown["workId"]?.stringValue == run.text)
        #expect(shown["stepId"] == "Scene-1")
        #expect(shown["output"] == ["assetId": "x"])
        #expect(shown["outputJSON"] == nil)
    }

    @Test func silenceHasAHeartbeatAndAGonePeerIsNoticed() async throws {
        try await NotifierWorld.run { world in
            let (stream, task) = try await open(world, Person())
            try await eventually("a sign of life") { stream.all.contains(":\n\n") }
            stream.isGone.withLock { $0 = true }
            await #expect(throws: PeerGone.self) { try await task.value }
        }
    }

    @Test func wrongPositionsAreRefused() async throws {
        try await NotifierWorld.run { world in
            for text in ["x", "-1", "1.5", "99999999999999999999"] {
                let answer = try await world.send(
                    .GET, "/api/v1/events", as: Person(), headers: ["Last-Event-ID": text])
                #expect(answer.status == 400)
            }
        }
    }

    @Test func theSameStreamByWebSocket() async throws {
        try await NotifierWorld.run { world in
            let ada = Person()
            let handshake: HTTPHeaders = [
                "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            ]
            let request = try world.request(.GET, "/api/v1/realtime?lastEventId=0", as: ada, headers: handshake)
            let response = await world.assembly.routes.respond(to: request)
            #expect(response.status == .switchingProtocols)
            guard case .upgrade(let body) = response.body else { throw ServiceWorld.Failure(description: "no upgrade") }
            let peer = SocketPeer()
            let task = Task { await body(peer) }
            try await world.deliver(ada.run("running", progress: 7))
            try await eventually("a frame") { peer.text.contains("\"event\":\"RunChanged\"") }
            #expect(peer.text.contains("\"progress\":7"))
            world.tokens.revocations.revoke(ada.session, until: Date().addingTimeInterval(600))
            try await eventually("the goodbye") { peer.text.contains("session_ended") }
            peer.close()
            await task.value
            // A page of another site would bring the cookies of ours.
            var foreign = handshake
            foreign.set("Origin", "https://evil.example")
            let refused = try world.request(.GET, "/api/v1/realtime", as: Person(), headers: foreign)
            #expect(await world.assembly.routes.respond(to: refused).status == .forbidden)
        }
    }
}

/// The client's end of a connection: keeps what is written, sends nothing.
private final class SocketPeer: DuplexStream {
    private let written = Mutex(Data())
    private let closed = AsyncTrigger()

    var text: String { written.withLock { String(decoding: $0, as: UTF8.self) } }

    func read() async throws -> Data? {
        await closed.wait()
        return nil
    }

    func write(_ data: Data) async throws { written.withLock { $0.append(data) } }
    func close() { closed.fire() }
}
