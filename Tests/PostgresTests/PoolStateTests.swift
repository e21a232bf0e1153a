import Testing

@testable import Postgres

@Suite struct PoolStateTests {
    private final class Item: Sendable {}
    private let now = ContinuousClock.now

    private func isConnect(_ grant: PoolState<Item>.Grant?) -> Bool {
        if case .connect? = grant { true } else { false }
    }

    @Test func neverGivesMoreSlotsThanItHas() {
        var pool = PoolState<Item>(limit: 2, waitLimit: 2)
        let got1 = pool.acquire(waiter: 1, deadline: now)
        #expect(isConnect(got1))
        let got2 = pool.acquire(waiter: 2, deadline: now)
        #expect(isConnect(got2))
        let got3 = pool.acquire(waiter: 3, deadline: now)
        #expect(got3 == nil)
        let got4 = pool.acquire(waiter: 4, deadline: now)
        #expect(got4 == nil)
        guard case .refuse(.overloaded)? = pool.acquire(waiter: 5, deadline: now) else {
            Issue.record("a fifth caller waits")
            return
        }
        #expect(pool.slots == 2)
        #expect(pool.waitingCount == 2)
    }

    @Test func servesWhoWaitedLongest() {
        var pool = PoolState<Item>(limit: 1, waitLimit: 10)
        _ = pool.acquire(waiter: 1, deadline: now)
        for waiter in 2...4 { #expect(pool.acquire(waiter: waiter, deadline: now + .seconds(1)) == nil) }
        let got5 = pool.cancel(waiter: 2)
        #expect(got5)
        let got6 = pool.cancel(waiter: 2)
        #expect(!got6)
        let item = Item()
        let served = pool.release(item, isUsable: true, now: now)
        #expect(served?.waiter == 3)
        // A broken connection's slot goes to the next, who connects.
        let next = pool.release(item, isUsable: false, now: now)
        #expect(next?.waiter == 4)
        #expect(isConnect(next?.grant))
        let got7 = pool.freeSlot()
        #expect(got7 == nil)
        #expect(pool.slots == 0)
    }

    @Test func waitsEndAtTheirDeadline() {
        var pool = PoolState<Item>(limit: 1, waitLimit: 10)
        _ = pool.acquire(waiter: 1, deadline: now)
        _ = pool.acquire(waiter: 2, deadline: now + .seconds(1))
        _ = pool.acquire(waiter: 3, deadline: now + .seconds(3))
        let got8 = pool.expire(now: now)
        #expect(got8.isEmpty)
        let got9 = pool.expire(now: now + .seconds(2))
        #expect(got9 == [2])
        let got10 = pool.release(Item(), isUsable: true, now: now)
        #expect(got10?.waiter == 3)
    }

    @Test func oldIdleConnectionsGoAndTheFreshestIsUsedFirst() {
        var pool = PoolState<Item>(limit: 3, waitLimit: 10)
        let items = (0..<3).map { _ in Item() }
        for waiter in 0..<3 { _ = pool.acquire(waiter: waiter, deadline: now) }
        for (age, item) in items.enumerated() {
            let got11 = pool.release(item, isUsable: true, now: now + .seconds(age))
            #expect(got11 == nil)
        }
        let got12 = pool.takeIdle(since: now + .seconds(1))
        #expect(got12.map(ObjectIdentifier.init) == [ObjectIdentifier(items[0])])
        let got13 = pool.takeIdle()
        #expect(got13 === items[2])
        let got14 = pool.removeIdle(items[1])
        #expect(got14 == nil)
        let got15 = pool.removeIdle(items[1])
        #expect(got15 == nil)
        #expect(pool.slots == 1)
    }

    @Test func aStoppedPoolRefusesAndForgetsWhatComesBack() {
        var pool = PoolState<Item>(limit: 2, waitLimit: 10)
        _ = pool.acquire(waiter: 1, deadline: now)
        _ = pool.acquire(waiter: 2, deadline: now)
        _ = pool.acquire(waiter: 3, deadline: now)
        let got16 = pool.release(Item(), isUsable: true, now: now)
        #expect(got16?.waiter == 3)
        let got17 = pool.acquire(waiter: 4, deadline: now)
        #expect(got17 == nil)
        let (idle, waiters) = pool.stop()
        #expect(idle.isEmpty)
        #expect(waiters == [4])
        guard case .refuse(.stopped)? = pool.acquire(waiter: 5, deadline: now) else {
            Issue.record("a stopped pool serves")
            return
        }
        let got18 = pool.release(Item(), isUsable: true, now: now)
        #expect(got18 == nil)
        let got19 = pool.release(Item(), isUsable: true, now: now)
        #expect(got19 == nil)
        #expect(pool.slots == 0)
    }
}
