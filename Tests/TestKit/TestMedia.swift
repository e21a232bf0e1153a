/// The sample media of `Tests/Media`.
public enum TestMedia {
    /// The folder, found from where this file was compiled.
    public static let folder: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(2).joined(separator: "/") + "/Media"
    }()

    /// A photograph of 600×400 pixels.
    public static var photograph: String { folder + "/coffee.png" }
    /// A film of 30 s, 854×480 pixels at 24 frames a second, with 5.1 sound.
    public static var film: String { folder + "/big-buck-bunny-480p-30s.mp4" }
}
