/// So many requests in so long.
struct RateRule: Sendable, Hashable {
    /// What the rule counts; part of the key under which it counts.
    enum Name: UInt8, Sendable { case person, projects, generate, render, publish, signIn, refused, open }

    let name: Name
    /// 0 for no limit.
    let limit: Int
    /// Milliseconds.
    let window: UInt64

    var isOn: Bool { limit > 0 }
}
