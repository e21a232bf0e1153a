extension AsyncTrigger {
    /// Waits until it fired, the task is cancelled, or `limit` has passed. For loops that do something now and then.
    public func wait(upTo limit: Duration) async {
        if hasFired { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Does `round` after each `interval` until it fired, and then once more: nothing that came meanwhile is left behind.
    public func untilFired(every interval: Duration, _ round: () async -> Void) async {
        while !hasFired {
            await wait(upTo: interval)
            await round()
        }
        await round()
    }
}
