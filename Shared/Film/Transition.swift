/// How one picture becomes the next.
public struct Transition: Codable, Sendable, Hashable {
    /// The kinds of transition (MED-012).
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// One picture melts into the next.
        case dissolve
        /// The old picture sinks into the look's dark, the new one rises from it.
        case fade
        /// A soft edge sweeps over the picture, from left to right.
        case wipe
    }

    /// What one sees.
    public var kind: Kind
    /// In milliseconds; at most half of either scene.
    public var durationMs: Int

    /// - Parameter durationMs: in milliseconds; ``Timeline/validate()`` holds it to half of either scene.
    public init(_ kind: Kind, durationMs: Int) {
        self.kind = kind
        self.durationMs = durationMs
    }
}
