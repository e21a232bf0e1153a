public import Lifecycle

/// Runs parts of a process for as long as `body` does, then stops them, the last one first.
/// - Throws: what `body` throws, else what a part throws.
public func withRunning<T: Sendable>(
    _ parts: [any Service], isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> T
) async throws -> T {
    let tasks = parts.map { part in Task { try await part.run() } }
    let outcome: Result<T, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    for part in parts.reversed() { await part.stop() }
    var failure: (any Error)?
    for task in tasks {
        if case .failure(let error) = await task.result { failure = failure ?? error }
    }
    let value = try outcome.get()
    if let failure { throw failure }
    return value
}
