/// Who has which connection and who waits for one: the pool's rules, without any I/O.
///
/// A slot is the right to have a connection. Slots in use, idle and being connected never exceed `limit`. Whoever waited
/// longest is served first.
struct PoolState<Item: AnyObject & Sendable> {
    /// What a caller is given.
    enum Grant: Sendable {
        case use(Item)
        /// A slot: connect, and call ``freeSlot()`` if that fails.
        case connect
        case refuse(PostgresError.Code)
    }

    private let limit: Int
    private let waitLimit: Int
    private var idle: [(item: Item, since: ContinuousClock.Instant)] = []
    private var queue: [Int] = []
    private var head = 0
    private var waiters: [Int: ContinuousClock.Instant] = [:]
    private(set) var isStopped = false
    /// Slots taken: idle, lent or being connected.
    private(set) var slots = 0

    init(limit: Int, waitLimit: Int) {
        self.limit = limit
        self.waitLimit = waitLimit
    }

    var idleCount: Int { idle.count }
    var waitingCount: Int { waiters.count }
    var lentCount: Int { slots - idle.count }

    /// An idle connection, if there is one: the one used last, so that the rest can grow old.
    mutating func takeIdle() -> Item? { idle.popLast()?.item }

    /// Asks for a connection or a slot.
    /// - Returns: nothing where the caller has to wait, which is noted under its number.
    mutating func acquire(waiter: Int, deadline: ContinuousClock.Instant) -> Grant? {
        if isStopped { return .refuse(.stopped) }
        if let item = takeIdle() { return .use(item) }
        if slots < limit {
            slots += 1
            return .connect
        }
        guard waiters.count < waitLimit else { return .refuse(.overloaded) }
        waiters[waiter] = deadline
        queue.append(waiter)
        return nil
    }

    /// Takes a connection back.
    /// - Returns: who gets it or its slot, if anybody waits.
    mutating func release(_ item: Item, isUsable: Bool, now: ContinuousClock.Instant) -> (waiter: Int, grant: Grant)? {
        guard isUsable, !isStopped else { return freeSlot() }
        if let waiter = nextWaiter() { return (waiter, .use(item)) }
        idle.append((item, now))
        return nil
    }

    /// Gives a slot up, after a failed attempt to connect or the end of a connection.
    mutating func freeSlot() -> (waiter: Int, grant: Grant)? {
        if !isStopped, let waiter = nextWaiter() { return (waiter, .connect) }
        slots -= 1
        return nil
    }

    /// Forgets an idle connection that is gone; one that is lent gives its slot up when it is released.
    mutating func removeIdle(_ item: Item) -> (waiter: Int, grant: Grant)? {
        guard let index = idle.firstIndex(where: { $0.item === item }) else { return nil }
        idle.remove(at: index)
        return freeSlot()
    }

    /// Forgets a waiter.
    /// - Returns: whether it still waited; otherwise it has been given something.
    mutating func cancel(waiter: Int) -> Bool { waiters.removeValue(forKey: waiter) != nil }

    /// The waiters whose time is over.
    mutating func expire(now: ContinuousClock.Instant) -> [Int] {
        if waiters.isEmpty { return [] }
        let expired = waiters.filter { $0.value <= now }.map(\.key)
        for waiter in expired { waiters[waiter] = nil }
        return expired
    }

    /// Forgets all waiters, who are told something else.
    mutating func takeWaiters() -> [Int] {
        defer { (waiters, queue, head) = ([:], [], 0) }
        return Array(waiters.keys)
    }

    /// Takes out the connections that were idle since before `limit`.
    mutating func takeIdle(since limit: ContinuousClock.Instant) -> [Item] {
        let old = idle.prefix { $0.since < limit }.map(\.item)
        idle.removeFirst(old.count)
        slots -= old.count
        return old
    }

    /// Refuses everything from now on.
    /// - Returns: the idle connections and the waiters.
    mutating func stop() -> (idle: [Item], waiters: [Int]) {
        isStopped = true
        defer {
            slots -= idle.count
            (idle, waiters, queue, head) = ([], [:], [], 0)
        }
        return (idle.map(\.item), Array(waiters.keys))
    }

    private mutating func nextWaiter() -> Int? {
        while head < queue.count {
            let waiter = queue[head]
            head += 1
            if head > 256, head * 2 > queue.count {
                queue.removeFirst(head)
                head = 0
            }
            if waiters.removeValue(forKey: waiter) != nil { return waiter }
        }
        queue.removeAll(keepingCapacity: true)
        head = 0
        return nil
    }
}
