import Auth
import FoundationEssentials
import Primitives
import Testing

@testable import GatewayService

struct EdgeTests {
    private func trace(_ text: String) -> TraceContext? {
        var random = RandomBits()
        return Array(text.utf8).withUnsafeBytes { TraceContext(traceparent: $0, random: &random) }
    }

    @Test("A well-formed traceparent goes on; every other begins anew")
    func traceparent() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        #expect(trace(good)?.traceHigh == 0x0af7_6519_16cd_43dd)
        #expect(trace(good)?.parent == 0xb7ad_6b71_6920_3331)
        #expect(trace(good.dropLast(2) + "00")?.isSampled == false)
        #expect(trace("cc" + good.dropFirst(2) + "-what-comes") != nil)
        for bad in [
            "", "00", good + "-x", "ff" + good.dropFirst(2), good.uppercased(), "0g" + good.dropFirst(2),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", good.dropLast(1) + "x", " " + good,
            String(repeating: "0", count: 300),
        ] {
            #expect(trace(bad) == nil, "\(bad)")
        }
    }

    @Test("Ids of requests: short and plain ones are taken over, new ones are UUIDs of version 7")
    func requestIDs() {
        func accepts(_ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { RequestIdentifier.isAcceptable($0) } }
        #expect(accepts("0190f2c8-1c7e-7b6e-8a2f-0123456789ab"))
        #expect(accepts("my_request.1"))
        for bad in ["", "short", "a b c d e f g", "abcdefgh\"", String(repeating: "a", count: 65), "äöüäöüäöü"] {
            #expect(!accepts(bad), "\(bad)")
        }
        var random = RandomBits()
        let made = String(decoding: RequestIdentifier.make(wall: 1_700_000_000_000, random: &random), as: UTF8.self)
        #expect(UUID(uuidString: made)?.v7Time == Date(timeIntervalSince1970: 1_700_000_000))
    }

    @Test("The token cache forgets at the end of a token, and keeps no more than it may")
    func tokenCache() {
        var cache = TokenCache(capacity: 8)
        func principal(_ expiry: Double) -> Principal {
            Principal(
                userID: UUID(), workspaceID: UUID(), role: .admin, sessionID: UUID(),
                expiresAt: Date(timeIntervalSince1970: expiry))
        }
        func find(_ token: String, _ wall: Int64) -> Principal? {
            Array(token.utf8).withUnsafeBytes { cache.principal($0, wall: wall) }
        }
        Array("one".utf8).withUnsafeBytes { cache.remember($0, principal(10), wall: 0) }
        #expect(find("one", 9_999) != nil)
        #expect(find("one", 10_000) == nil)
        #expect(find("two", 0) == nil)
        Array("long".utf8).withUnsafeBytes { cache.remember($0, principal(1_000_000), wall: 0) }
        #expect(find("long", 60_001) == nil)
        for index in 0..<100 {
            Array("t\(index)".utf8).withUnsafeBytes { cache.remember($0, principal(1000), wall: 0) }
        }
        #expect(cache.count <= 8)
    }

    @Test("Origins are let in by name")
    func origins() {
        func allows(_ list: String, _ origin: String) -> Bool {
            Array(origin.utf8).withUnsafeBytes { CrossOrigin(list).allows($0) }
        }
        #expect(allows("https://a.test, https://b.test", "https://b.test"))
        #expect(!allows("https://a.test", "https://a.test.evil"))
        #expect(!allows("https://a.test", "null"))
        #expect(!allows("", "https://a.test"))
        #expect(allows("*", "https://a.test"))
        #expect(!Array("https://a.test".utf8).withUnsafeBytes { CrossOrigin("*").names($0) })
    }

    @Test("Addresses are read and written; IPv6 clients count by network")
    func addresses() {
        #expect(NetworkAddress("192.0.2.7")?.text == "192.0.2.7")
        #expect(NetworkAddress("2001:db8::1")?.text == "2001:db8::1")
        #expect(NetworkAddress("2001:db8::1")?.client == NetworkAddress("2001:db8::2")?.client)
        #expect(NetworkAddress("192.0.2.7")?.client != NetworkAddress("192.0.2.8")?.client)
        #expect(NetworkAddress("1.2.3.4.5") == nil)
    }

    @Test("A peer that is waited for must move bytes; the time in which it is not waited for does not count")
    func pace() {
        var pace = Pace(window: 10_000)
        // Time, whether it is waited for, bytes moved before, and whether that is too slow.
        let steps: [(UInt64, Bool, Int, Bool)] = [
            (1, true, 0, false), (9_000, true, 0, false), (10_001, true, 0, true), (20_001, true, 20_000, false),
            (25_000, false, 0, false), (34_000, true, 0, false), (35_000, true, 0, true),
        ]
        for (now, isWaiting, moved, expected) in steps {
            pace.add(moved)
            let isTooSlow = pace.isTooSlow(now: now, isWaiting: isWaiting, rate: 1024)
            #expect(isTooSlow == expected, "at \(now)")
        }
    }
}
