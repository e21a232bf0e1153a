internal import FoundationEssentials

extension Waveform {
    /// A colour of 8-bit red, green and blue.
    public typealias Colour = (red: UInt8, green: UInt8, blue: UInt8)

    /// Draws the peaks as bars about the middle line.
    public func picture(
        width: Int, height: Int, ink: Colour = (43, 72, 101), paper: Colour = (246, 244, 239)
    ) -> RawPicture {
        var rgb = [UInt8](repeating: 0, count: width * height * 3)
        rgb.withUnsafeMutableBufferPointer { pixels in
            for x in 0..<width {
                let (low, high) = extent(column: x, of: width)
                let middle = Double(height - 1) / 2
                let top = Int((middle - Double(high) / 127 * middle).rounded())
                let bottom = Int((middle - Double(low) / 127 * middle).rounded())
                for y in 0..<height {
                    let colour = y >= top && y <= bottom ? ink : paper
                    let at = (y * width + x) * 3
                    pixels[at] = colour.red
                    pixels[at + 1] = colour.green
                    pixels[at + 2] = colour.blue
                }
            }
        }
        return RawPicture(width: width, height: height, rgb: Data(rgb))
    }

    private func extent(column: Int, of width: Int) -> (low: Int8, high: Int8) {
        guard length > 0 else { return (0, 0) }
        let first = min(length - 1, column * length / width)
        let last = max(first, min(length, (column + 1) * length / width) - 1)
        var low: Int8 = 0, high: Int8 = 0
        for index in first...last {
            low = min(low, data[index * 2])
            high = max(high, data[index * 2 + 1])
        }
        // −128 has no positive twin.
        return (max(-127, low), high)
    }
}
