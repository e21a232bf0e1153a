public import Postgres

/// Where a job is in its life. `failed` is the dead end: visible, and begun anew by hand only.
public enum JobStatus: String, Sendable, Codable, PostgresEncodable, PostgresDecodable, CaseIterable {
    /// `pending` also covers a job that waits for its next try; the last three are final.
    case pending, running, succeeded, failed, cancelled

    /// Whether nothing more happens by itself.
    public var isFinal: Bool { self != .pending && self != .running }
}
