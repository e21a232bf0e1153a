internal import CVips

/// Starts libvips on first use.
enum Vips {
    private static let started: Int32 = atelier_vips_start(1)

    /// - Throws: ``ImageError`` where it cannot start.
    static func start() throws {
        guard started == 0 else { throw ImageError(.outOfMemory, "libvips cannot start") }
    }
}

/// How libvips works in this process.
public enum ImageRuntime {
    /// Threads of one operation; 1 at first.
    public static func setConcurrency(_ threads: Int) throws {
        try Vips.start()
        atelier_vips_set_concurrency(Int32(threads))
    }
}
