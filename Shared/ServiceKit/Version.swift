/// The version of the fleet: one for all nine.
public enum Version {
    /// Told by `--version`, the first line of the log and the metrics.
    public static let current = "0.1.0"
}
