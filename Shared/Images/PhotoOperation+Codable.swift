extension PhotoOperation: Codable {
    private enum Key: String, CodingKey {
        case type, x, y, width, height, fit, degrees, direction, stops, amount, value, radius, strength
    }

    private enum Kind: String, Codable {
        case crop, resize, rotate, flip, exposure, brightness, contrast, saturation, temperature, tint, gamma, blur
        case sharpen, greyscale, sepia, vignette, invert, autoEnhance
    }

    /// - Throws: `DecodingError` whose path names the faulty member.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: Key.self)
        func number(_ key: Key) throws -> Double { try box.decode(Double.self, forKey: key) }
        func whole(_ key: Key) throws -> Int { try box.decode(Int.self, forKey: key) }
        switch try box.decode(Kind.self, forKey: .type) {
        case .crop:
            self = .crop(x: try whole(.x), y: try whole(.y), width: try whole(.width), height: try whole(.height))
        case .resize:
            self = .resize(
                width: try box.decodeIfPresent(Int.self, forKey: .width),
                height: try box.decodeIfPresent(Int.self, forKey: .height),
                fit: try box.decodeIfPresent(Fit.self, forKey: .fit) ?? .inside)
        case .rotate: self = .rotate(degrees: try number(.degrees))
        case .flip: self = .flip(direction: try box.decode(Direction.self, forKey: .direction))
        case .exposure: self = .exposure(stops: try number(.stops))
        case .brightness: self = .brightness(amount: try number(.amount))
        case .contrast: self = .contrast(amount: try number(.amount))
        case .saturation: self = .saturation(amount: try number(.amount))
        case .temperature: self = .temperature(amount: try number(.amount))
        case .tint: self = .tint(amount: try number(.amount))
        case .gamma: self = .gamma(value: try number(.value))
        case .blur: self = .blur(radius: try number(.radius))
        case .sharpen: self = .sharpen(amount: try number(.amount))
        case .greyscale: self = .greyscale
        case .sepia: self = .sepia(strength: try box.decodeIfPresent(Double.self, forKey: .strength) ?? 1)
        case .vignette: self = .vignette(strength: try number(.strength))
        case .invert: self = .invert
        case .autoEnhance: self = .autoEnhance
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: Key.self)
        func put(_ kind: Kind, _ key: Key? = nil, _ value: Double = 0) throws {
            try box.encode(kind, forKey: .type)
            if let key { try box.encode(value, forKey: key) }
        }
        switch self {
        case .crop(let x, let y, let width, let height):
            try put(.crop)
            for (key, value) in [(Key.x, x), (.y, y), (.width, width), (.height, height)] {
                try box.encode(value, forKey: key)
            }
        case .resize(let width, let height, let fit):
            try put(.resize)
            try box.encodeIfPresent(width, forKey: .width)
            try box.encodeIfPresent(height, forKey: .height)
            try box.encode(fit, forKey: .fit)
        case .rotate(let degrees): try put(.rotate, .degrees, degrees)
        case .flip(let direction):
            try put(.flip)
            try box.encode(direction, forKey: .direction)
        case .exposure(let stops): try put(.exposure, .stops, stops)
        case .brightness(let amount): try put(.brightness, .amount, amount)
        case .contrast(let amount): try put(.contrast, .amount, amount)
        case .saturation(let amount): try put(.saturation, .amount, amount)
        case .temperature(let amount): try put(.temperature, .amount, amount)
        case .tint(let amount): try put(.tint, .amount, amount)
        case .gamma(let value): try put(.gamma, .value, value)
        case .blur(let radius): try put(.blur, .radius, radius)
        case .sharpen(let amount): try put(.sharpen, .amount, amount)
        case .greyscale: try put(.greyscale)
        case .sepia(let strength): try put(.sepia, .strength, strength)
        case .vignette(let strength): try put(.vignette, .strength, strength)
        case .invert: try put(.invert)
        case .autoEnhance: try put(.autoEnhance)
        }
    }
}
