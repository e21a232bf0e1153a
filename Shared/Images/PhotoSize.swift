/// The size of a picture between two steps of an edit, in pixels.
struct PhotoSize: Hashable {
    var width: Int
    var height: Int
}

extension PhotoOperation {
    /// What is wrong with this step, by member; with its size, also whether it fits.
    func faults(on size: PhotoSize?) -> [(member: String, reason: String)] {
        var faults: [(String, String)] = []
        func check(_ member: String, _ value: Double, _ range: ClosedRange<Double>) {
            if !range.contains(value) {
                faults.append((member, "must be from \(short(range.lowerBound)) to \(short(range.upperBound))"))
            }
        }
        switch self {
        case .crop(let x, let y, let width, let height):
            if x < 0 { faults.append(("x", "must not be negative")) }
            if y < 0 { faults.append(("y", "must not be negative")) }
            if width < 1 { faults.append(("width", "must be at least 1")) }
            if height < 1 { faults.append(("height", "must be at least 1")) }
            guard faults.isEmpty, let size else { break }
            if x >= size.width || width > size.width - x {
                faults.append(("width", "reaches beyond the picture's width of \(size.width)"))
            }
            if y >= size.height || height > size.height - y {
                faults.append(("height", "reaches beyond the picture's height of \(size.height)"))
            }
        case .resize(let width, let height, let fit):
            if width == nil, height == nil { faults.append(("width", "width or height must be there")) }
            if fit != .inside, width == nil || height == nil {
                faults.append((width == nil ? "width" : "height", "must be there with fit \(fit.rawValue)"))
            }
            for (member, side) in [("width", width), ("height", height)] {
                if let side { check(member, Double(side), 1...12_000) }
            }
        case .rotate(let degrees): check("degrees", degrees, -360...360)
        case .exposure(let stops): check("stops", stops, -4...4)
        case .brightness(let amount), .contrast(let amount), .saturation(let amount), .temperature(let amount),
            .tint(let amount):
            check("amount", amount, -1...1)
        case .gamma(let value): check("value", value, 0.2...5)
        case .blur(let radius): check("radius", radius, 0.3...100)
        case .sharpen(let amount): check("amount", amount, 0...5)
        case .sepia(let strength), .vignette(let strength): check("strength", strength, 0...1)
        case .flip, .greyscale, .invert, .autoEnhance: break
        }
        return faults.map { (member: $0.0, reason: $0.1) }
    }

    private func short(_ value: Double) -> String { value == value.rounded() ? "\(Int(value))" : "\(value)" }

    /// The size after this step.
    func size(after size: PhotoSize) -> PhotoSize {
        switch self {
        case .crop(_, _, let width, let height): return PhotoSize(width: width, height: height)
        case .resize(let width, let height, let fit):
            guard fit == .inside else { return PhotoSize(width: width ?? 1, height: height ?? 1) }
            let scale = min(
                width.map { Double($0) / Double(size.width) } ?? .infinity,
                height.map { Double($0) / Double(size.height) } ?? .infinity)
            func side(_ value: Int) -> Int { max(1, min(12_000, Int((Double(value) * scale).rounded()))) }
            return PhotoSize(width: side(size.width), height: side(size.height))
        case .rotate(let degrees):
            let isQuarter = degrees.truncatingRemainder(dividingBy: 180).magnitude == 90
            return isQuarter ? PhotoSize(width: size.height, height: size.width) : size
        default: return size
        }
    }
}
