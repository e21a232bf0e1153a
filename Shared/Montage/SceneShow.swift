/// Draws one scene's pictures. For one thread at a time, times rising.
protocol SceneShow: AnyObject {
    /// Fills a picture.
    /// - Parameters:
    ///   - time: milliseconds from the scene's start; beyond its end while the next one comes in.
    func draw(at time: Double, into picture: Picture) throws
}

/// Curves of motion.
enum Ease {
    /// Fast at first, then coming to rest: 0 to 1.
    static func out(_ x: Double) -> Double {
        let y = 1 - min(1, max(0, x))
        return 1 - y * y * y
    }

    /// From rest to rest: 0 to 1.
    static func inOut(_ x: Double) -> Double {
        let y = min(1, max(0, x))
        return y * y * (3 - 2 * y)
    }
}
