/// A fact that did not come true in time.
public struct NeverHappened: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

/// Waits for a fact: asks again and again until `condition` holds.
/// - Parameters:
///   - what: the fact, for the error.
///   - limit: how long to wait at most.
/// - Throws: ``NeverHappened``, or what `condition` throws.
public func eventually(
    _ what: String = "the condition", within limit: Duration = .seconds(20),
    isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
        if try await condition() { return }
        if ContinuousClock.now >= deadline { throw NeverHappened(description: "\(what) did not happen in \(limit)") }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Waits until `value` gives something.
/// - Throws: ``NeverHappened``, or what `value` throws.
public func eventually<T>(
    _ what: String = "the value", within limit: Duration = .seconds(20),
    isolation: isolated (any Actor)? = #isolation, value: () async throws -> sending T?
) async throws -> sending T {
    let deadline = ContinuousClock.now + limit
    while true {
        if let found = try await value() { return found }
        if ContinuousClock.now >= deadline { throw NeverHappened(description: "\(what) did not come in \(limit)") }
        try await Task.sleep(for: .milliseconds(10))
    }
}
