internal import Glibc

/// Decibels of amplitude.
public enum Decibels {
    /// The factor that `decibels` stand for.
    public static func amplitude(_ decibels: Double) -> Double { pow(10, decibels / 20) }

    /// The decibels of a factor; −120 for nothing.
    public static func of(_ amplitude: Double) -> Double { amplitude <= 1e-6 ? -120 : 20 * log10(amplitude) }
}
