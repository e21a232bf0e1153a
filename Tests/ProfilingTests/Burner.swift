import Execution
import Glibc
import Profiling

/// Uses the processor until it is told to end. Each function's name must be found in a profile.
@inline(never) func burnsForTheProfile(_ flag: CancellationFlag) -> Int {
    var sum = 1
    while !flag.isCancelled { for step in 0..<1_000 { sum = sum &* 31 &+ step } }
    return sum
}

/// Comes to burn after it was suspended: its callers are no longer on the thread's stack.
@inline(never) func awaitsTheBurner(_ flag: CancellationFlag) async -> Int {
    await Task.yield()
    let sum = burnsForTheProfile(flag)
    await Task.yield()
    return sum &+ 1
}

/// The caller that only waits.
@inline(never) func awaitsTheAwaiter(_ flag: CancellationFlag) async -> Int {
    await Task.yield()
    return await awaitsTheBurner(flag) &+ 2
}

/// Burns in a task of its own for the time of `body`.
func whileBurning<T>(_ body: () async throws -> T) async throws -> T {
    let flag = CancellationFlag()
    let burner = Task.detached { await awaitsTheAwaiter(flag) }
    let outcome: Result<T, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    flag.cancel()
    _ = await burner.value
    return try outcome.get()
}

/// Whether the signal of profiles has a handler, or its timer runs.
func isProfiling() -> Bool {
    var action = sigaction()
    var timer = itimerval()
    sigaction(SIGPROF, nil, &action)
    getitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer)
    let handler = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    return handler != 0 || timer.it_value.tv_sec > 0 || timer.it_value.tv_usec > 0
}
