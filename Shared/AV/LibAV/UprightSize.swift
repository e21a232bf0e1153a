package import CLibAV

/// The size of a video as it is seen: after rotation and with square pixels.
package struct UprightSize: Sendable, Hashable {
    /// Pixels of a row, after rotation.
    package let width: Int
    /// Rows, after rotation.
    package let height: Int
    /// Degrees clockwise that make it upright: 0, 90, 180, 270.
    package let rotation: Int

    /// - Parameter rotation: degrees clockwise, a multiple of 90 below 360.
    package init(_ stream: AVStream, rotation: Int) {
        let parameters = stream.codecpar.pointee
        var width = Double(parameters.width)
        let aspect =
            parameters.sample_aspect_ratio.num > 0 ? parameters.sample_aspect_ratio : stream.sample_aspect_ratio
        // An aspect beyond 1:4 or 4:1 is a fault of the file, not a shape of pixels.
        if aspect.num > 0, aspect.den > 0, (0.25...4).contains(av_q2d(aspect)) { width *= av_q2d(aspect) }
        let turned = rotation == 90 || rotation == 270
        self.width = turned ? Int(parameters.height) : Int(width.rounded())
        self.height = turned ? Int(width.rounded()) : Int(parameters.height)
        self.rotation = rotation
    }

    /// The even size of a given height, never bigger than this one.
    package func fitted(height: Int) -> (width: Int, height: Int) {
        let target = min(height, self.height) & ~1
        let width = Int((Double(self.width) * Double(target) / Double(max(1, self.height)) / 2).rounded()) * 2
        return (max(2, width), max(2, target))
    }

    /// The even size inside a box, never bigger than this one.
    package func fitted(maxWidth: Int?, maxHeight: Int?) -> (width: Int, height: Int) {
        let scale = min(
            1, Double(maxWidth ?? width) / Double(max(1, width)), Double(maxHeight ?? height) / Double(max(1, height)))
        func even(_ side: Int) -> Int { max(2, Int((Double(side) * scale / 2 + 0.001).rounded(.down)) * 2) }
        return (even(width), even(height))
    }
}
