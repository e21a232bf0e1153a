import Crypto
import FoundationEssentials
import Testing

/// A hash that is put away at any byte and gone on with is the hash of the whole.
@Suite struct ResumableSHA256Tests {
    @Test func goesOnFromItsState() throws {
        let content = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        for cut in [0, 1, 55, 56, 63, 64, 65, 127, 128, 999, 1000] {
            var first = ResumableSHA256()
            first.update(content[..<cut])
            #expect(first.digest == SHA256.hash(Data(content[..<cut])))
            var second = try #require(ResumableSHA256(state: first.state))
            second.update(content[cut...])
            #expect(second.digest == SHA256.hash(content))
        }
    }

    @Test func refusesWhatIsNoState() {
        for state in [
            Data(), Data(repeating: 0, count: 39), Data(repeating: 0, count: 41), Data(repeating: 1, count: 104),
        ] {
            #expect(ResumableSHA256(state: state) == nil)
        }
    }
}
