public import HTTP

/// A named way in which a service does less because something that it needs is away.
public struct BrownOut: Sendable, Hashable {
    /// A stable name: the `code` of the answers, and the label of the metric.
    public let name: String
    /// What does not work meanwhile and what does, for people.
    public let meaning: String
    /// What a client is told that is refused for it.
    let detail: String

    /// Postgres is away.
    public static let database = BrownOut(
        name: "database_unavailable",
        meaning: "Whatever reads or changes data is refused at once; streams stay open, tokens are still checked.",
        detail: "The database is away. Nothing that was accepted is lost; try again soon.")
    /// Kafka is away.
    public static let broker = BrownOut(
        name: "broker_unavailable",
        meaning: "Requests are answered and changes are kept; events wait in the outbox, so jobs, live events and "
            + "notifications come later.",
        detail: "The broker is away. Try again soon.")
    /// The object store is away.
    public static let objectStore = BrownOut(
        name: "object_store_unavailable",
        meaning: "Content is neither read nor finished; lists, facts and the parts of uploads go on.",
        detail: "The store of files is away. What came of an upload is kept; try again soon.")
    /// The Redis in which gateways count together is away.
    public static let limits = BrownOut(
        name: "limits_not_shared",
        meaning: "Every request is answered; each gateway limits by its own counts, so that several of them together "
            + "let more pass than the limits say.",
        detail: "The limits' counts are away. Try again soon.")

    /// What a service with data may be in.
    public static let all = [database, broker, objectStore]

    /// 503 at once, with the seconds after which another try is worth it.
    public var problem: Problem {
        Problem(.serviceUnavailable, code: name, detail: detail, headers: ["Retry-After": "2"])
    }
}
