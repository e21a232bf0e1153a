public import Postgres

/// Where a job is in its life. `failed` is the dead end: visible, and begun anew by hand only.
public enum JobStatus: String, Sendable, Codable, PostgresEncodable, PostgresDecodable, CaseIterable {
    case pending, running, succeeded, failed, cancelled

    /// Whether nothing more happens by itself.
    public var isFinal: Bool { self != .pending && self != .running }
}
