internal import CMontage

/// Where a picture's detail is: the centre of its edges, drawn towards the middle.
enum Saliency {
    /// 0 to 1 across and down.
    static func focus(of picture: Picture) -> (x: Double, y: Double) {
        let columns = 48
        let rows = 48
        let stride = Int(picture.raw.pointee.strides.0)
        guard picture.width >= columns * 2, picture.height >= rows * 2, let luma = picture.raw.pointee.planes.0 else {
            return (0.5, 0.5)
        }
        var sum = 0.0
        var sumX = 0.0
        var sumY = 0.0
        for row in 1..<rows - 1 {
            for column in 1..<columns - 1 {
                let at = { (x: Int, y: Int) -> Double in
                    Double(luma[y * picture.height / rows * stride + x * picture.width / columns])
                }
                let dx = at(column + 1, row) - at(column - 1, row)
                let dy = at(column, row + 1) - at(column, row - 1)
                // Strong edges count more than texture, the middle more than the rim.
                let x = Double(column) / Double(columns) - 0.5
                let y = Double(row) / Double(rows) - 0.5
                let weight = (dx * dx + dy * dy) * max(0, 1 - 2.2 * (x * x + y * y))
                sum += weight
                sumX += weight * x
                sumY += weight * y
            }
        }
        guard sum > 0 else { return (0.5, 0.5) }
        return (0.5 + 0.6 * sumX / sum, 0.48 + 0.5 * sumY / sum)
    }
}
