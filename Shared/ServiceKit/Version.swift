/// The version of the fleet: one for all nine.
public enum Version {
    public static let current = "0.1.0"
}
