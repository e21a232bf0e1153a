import Primitives
import Testing

@Suite struct OutageTests {
    private let start = ContinuousClock.now

    @Test func oneFailureIsNotEnoughHoweverLong() {
        var outage = Outage(tries: 2, time: .seconds(2))
        let told1 = outage.failed(began: start, now: start + .seconds(10))
        #expect(!told1)
        #expect(outage.since == nil)
        let told2 = outage.failed(began: start + .seconds(10), now: start + .seconds(11))
        #expect(told2)
        #expect(outage.since != nil)
    }

    @Test func manyFailuresInAShortTimeAreNotEnough() {
        var outage = Outage(tries: 2, time: .seconds(2))
        for step in 0..<100 {
            let now = start + .milliseconds(10 * step)
            let told3 = outage.failed(began: now, now: now + .milliseconds(5))
            #expect(!told3)
        }
        let late = start + .seconds(2)
        let told4 = outage.failed(began: late, now: late)
        #expect(told4)
    }

    @Test func itIsToldOnceAndKeepsItsBeginning() {
        var outage = Outage(tries: 1, time: .zero)
        let told5 = outage.failed(began: start, now: start)
        #expect(told5)
        let since = outage.since
        let told6 = outage.failed(began: start + .seconds(5), now: start + .seconds(6))
        #expect(!told6)
        #expect(outage.since == since)
        let told7 = outage.succeeded()
        #expect(told7)
        #expect(outage.since == nil)
        let told8 = outage.succeeded()
        #expect(!told8)
    }

    @Test func aSuccessForgetsWhatWasBefore() {
        var outage = Outage(tries: 2, time: .seconds(2))
        outage.failed(began: start, now: start + .seconds(1))
        let told9 = outage.succeeded()
        #expect(!told9)
        let told10 = outage.failed(began: start + .seconds(3), now: start + .seconds(3))
        #expect(!told10)
        let told11 = outage.failed(began: start + .seconds(4), now: start + .seconds(4))
        #expect(!told11)
        let told12 = outage.failed(began: start + .seconds(5), now: start + .seconds(5))
        #expect(told12)
    }
}
