/// A part of a picture, in pixels of it, any fraction.
struct Window: Equatable {
    var left, top, width, height: Double

    /// The largest window of a shape, its centre as near to `focus` (0 to 1) as the picture allows.
    /// - Parameter pixelAspect: width to height of the source's pixels.
    static func cover(
        _ width: Int, _ height: Int, pixelAspect: Double = 1, shape: Double, focus: (x: Double, y: Double) = (0.5, 0.5),
        zoom: Double = 1
    ) -> Window {
        let displayed = Double(width) * pixelAspect
        let w = min(displayed, Double(height) * shape) / zoom
        let h = w / shape
        let left = min(max(0, focus.x * displayed - w / 2), displayed - w)
        let top = min(max(0, focus.y * Double(height) - h / 2), Double(height) - h)
        return Window(left: left / pixelAspect, top: top, width: w / pixelAspect, height: h)
    }
}

/// The slow movement of a window over a picture: from one place and size to another, at an even pace.
struct Movement {
    /// Where the window is centred, 0 to 1, and how far it is zoomed in, 1 and more.
    struct Pose: Equatable {
        var x, y, zoom: Double
    }

    let from, to: Pose

    /// The pose at a part (0 to 1) of the scene. Zoom changes by equal factors in equal times, as the eye sees it.
    func pose(_ part: Double) -> Pose {
        let zoom = from.zoom * exponential(to.zoom / from.zoom, part)
        return Pose(x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part, zoom: zoom)
    }

    /// Movement for a photo: scenes take turns with zooming in, wandering, zooming out.
    /// - Parameters:
    ///   - slack: how much of the picture lies outside the window across and down, 0 to 1.
    ///   - focus: what the picture is about, 0 to 1.
    static func photo(
        turn: Int, slack: (x: Double, y: Double), focus: (x: Double, y: Double), zoom: Double, pan: Double
    ) -> Movement {
        let near = Pose(x: focus.x, y: focus.y, zoom: 1 + zoom)
        // From a little above: what matters in a photograph is rarely at its lower edge.
        let far = Pose(x: 0.5 + (focus.x - 0.5) * 0.4, y: 0.45 + (focus.y - 0.5) * 0.4, zoom: 1.01)
        // Where there is much to wander over, wander.
        let isWide = slack.x > slack.y
        if max(slack.x, slack.y) > 0.3 {
            let reach = pan / 2
            let sign = turn.isMultiple(of: 2) ? 1.0 : -1.0
            let a = Pose(
                x: isWide ? 0.5 - sign * reach : focus.x, y: isWide ? focus.y : 0.5 + sign * reach, zoom: 1.03)
            let b = Pose(
                x: isWide ? 0.5 + sign * reach : focus.x, y: isWide ? focus.y : 0.5 - sign * reach,
                zoom: 1.03 + zoom / 2)
            return Movement(from: a, to: b)
        }
        return turn.isMultiple(of: 2) ? Movement(from: far, to: near) : Movement(from: near, to: far)
    }
}

/// `factor` to the power of `part`, by halving: no mathematics library, the same bits everywhere.
private func exponential(_ factor: Double, _ part: Double) -> Double {
    var low = 1.0
    var high = factor
    var remaining = part
    // 24 halvings are finer than a hundredth of a pixel.
    for _ in 0..<24 {
        let middle = (low * high).squareRoot()
        remaining *= 2
        if remaining >= 1 {
            low = middle
            remaining -= 1
        } else {
            high = middle
        }
    }
    return low + (high - low) * remaining
}
