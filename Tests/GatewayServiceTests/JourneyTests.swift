import NetworkClient
import Testing

@testable import GatewayService

/// The word `check-journey`; its way through a real fleet is tried by scripts/check-ops O17.
@Suite struct JourneyTests {
    @Test(
        "Words that cannot be meant are refused",
        arguments: [[], ["gateway"], ["http://x", "soon"], ["http://x", "1", "2"]])
    func words(_ words: [String]) async {
        #expect(await JourneyCheck.perform(words) == 64)
    }

    @Test("A gateway that is not there is named")
    func absent() async throws {
        let check = JourneyCheck(
            base: "http://127.0.0.1:1/", limit: .seconds(1), patience: .milliseconds(10), http: HTTPClient(name: "test")
        )
        let failure = await #expect(throws: JourneyCheck.Failure.self) { try await check.run { _ in } }
        #expect(failure?.description.hasPrefix("the gateway does not answer at http://127.0.0.1:1:") == true)
    }

    @Test("A service that is away is named, and nothing is tried")
    func away() async throws {
        let door = try TestDoor(StubUpstream.echo())
        let check = JourneyCheck(
            base: "http://127.0.0.1:\(door.port)", limit: .seconds(1), patience: .milliseconds(10),
            http: HTTPClient(name: "test"))
        door.door.pages.setHealth(
            Array(#"{"services":[{"name":"user","ready":true},{"name":"storage","ready":false}]}"#.utf8), isReady: false
        )
        let failure = await #expect(throws: JourneyCheck.Failure.self) { try await check.run { _ in } }
        #expect(failure?.description == "not ready: storage")
        await door.stop()
    }
}
