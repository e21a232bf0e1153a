internal import CMontage
internal import Titles

/// The look's colours for pictures from anywhere (MED-014): one gentle curve, saturation, warmth.
struct Grade {
    private var raw = cm_grade()

    /// - Parameter fromBT601: the picture is in BT.601 and is brought to BT.709 on the way.
    init(look: Look, fromBT601: Bool = false) {
        let saturation = look.grade.saturation
        // From BT.601 to BT.709 in Y'CbCr: the product of both matrices (ITU-R BT.601-7, BT.709-6).
        let matrix: (yu: Double, yv: Double, uu: Double, uv: Double, vu: Double, vv: Double) =
            fromBT601 ? (-0.115550, -0.207938, 1.018640, 0.114618, 0.075049, 1.025327) : (0, 0, 1, 0, 0, 1)
        raw.yu = Self.fixed(matrix.yu)
        raw.yv = Self.fixed(matrix.yv)
        raw.uu = Self.fixed(matrix.uu * saturation)
        raw.uv = Self.fixed(matrix.uv * saturation)
        raw.vu = Self.fixed(matrix.vu * saturation)
        raw.vv = Self.fixed(matrix.vv * saturation)
        raw.u_offset = Int32(-look.grade.warmth.rounded())
        raw.v_offset = Int32((look.grade.warmth * 0.7).rounded())
        withUnsafeMutableBytes(of: &raw.luma) { table in
            for value in 0..<256 {
                // An S between black and white: contrast in the middle, nothing clipped at the ends.
                let x = min(1, max(0, (Double(value) - 16) / 219))
                let s = x * x * (3 - 2 * x)
                let y = x + (s - x) * (look.grade.contrast - 1) * 2
                table[value] = UInt8(min(255, max(0, (16 + 219 * y).rounded())))
            }
        }
    }

    /// Grades a picture in place.
    func apply(to picture: Picture) {
        withUnsafePointer(to: raw) { cm_apply_grade(picture.raw, $0) }
    }

    private static func fixed(_ value: Double) -> Int32 { Int32((value * 4096).rounded()) }
}
