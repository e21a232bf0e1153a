internal import CVips
internal import Glibc

extension Picture {
    /// The picture after a step. The step's values were checked.
    func applying(_ operation: PhotoOperation) throws -> Picture {
        switch operation {
        case .crop(let x, let y, let width, let height):
            try make("crop") { atelier_image_crop($0, Int32(x), Int32(y), Int32(width), Int32(height)) }
        case .resize(let width, let height, let fit): try resized(width, height, fit)
        case .rotate(let degrees): try rotated(degrees)
        case .flip(let direction): try make("flip") { atelier_image_flip($0, direction == .horizontal ? 1 : 0) }
        case .exposure(let stops): try linear([exp2(stops), exp2(stops), exp2(stops)], inLight: true)
        case .brightness(let amount): try linear([1, 1, 1], [amount * 255, amount * 255, amount * 255])
        case .contrast(let amount): try contrasted(amount)
        case .saturation(let amount): try saturated(1 + amount)
        // Warm light has more red and less blue; half a stop at the ends.
        case .temperature(let amount): try linear([exp2(amount / 2), 1, exp2(-amount / 2)], inLight: true)
        case .tint(let amount): try linear([exp2(amount / 4), exp2(-amount / 4), exp2(amount / 4)], inLight: true)
        // vips_gamma raises to 1/exponent.
        case .gamma(let value): try make("gamma") { atelier_image_gamma($0, value) }
        case .blur(let radius): try make("blur") { atelier_image_blur($0, radius) }
        case .sharpen(let amount): try make("sharpen") { atelier_image_sharpen($0, amount) }
        case .greyscale: try saturated(0)
        case .sepia(let strength): try sepia(strength)
        case .vignette(let strength): try make("vignette") { atelier_image_vignette($0, strength) }
        case .invert: try linear([-1, -1, -1], [255, 255, 255])
        case .autoEnhance: try enhanced()
        }
    }

    private func linear(_ a: [Double], _ b: [Double] = [0, 0, 0], inLight: Bool = false) throws -> Picture {
        try make("tones") { atelier_image_linear($0, a, b, inLight ? 1 : 0) }
    }

    private func contrasted(_ amount: Double) throws -> Picture {
        // At −1 all is middle grey; at 1 the slope is 3.
        let slope = amount < 0 ? 1 + amount : 1 + 2 * amount
        let shift = 127.5 * (1 - slope)
        return try linear([slope, slope, slope], [shift, shift, shift])
    }

    /// Rec. 709 luminance keeps its place, colours move away from it or to it.
    private func saturated(_ factor: Double) throws -> Picture {
        let weights = [0.2126, 0.7152, 0.0722]
        let matrix = (0..<9).map { index in
            weights[index % 3] * (1 - factor) + (index / 3 == index % 3 ? factor : 0)
        }
        return try make("saturation") { atelier_image_recombine($0, matrix) }
    }

    private func sepia(_ strength: Double) throws -> Picture {
        let full = [0.393, 0.769, 0.189, 0.349, 0.686, 0.168, 0.272, 0.534, 0.131]
        let matrix = full.enumerated().map { index, value in
            value * strength + (index / 3 == index % 3 ? 1 - strength : 0)
        }
        return try make("sepia") { atelier_image_recombine($0, matrix) }
    }

    private func rotated(_ degrees: Double) throws -> Picture {
        let turn = degrees.truncatingRemainder(dividingBy: 360)
        let positive = turn < 0 ? turn + 360 : turn
        if positive == 0 { return self }
        return try make("rotate") { atelier_image_rotate($0, positive, [255, 255, 255]) }
    }

    private func resized(_ width: Int?, _ height: Int?, _ fit: PhotoOperation.Fit) throws -> Picture {
        let size = PhotoSize(width: self.width, height: self.height)
        let target = PhotoOperation.resize(width: width, height: height, fit: fit).size(after: size)
        guard fit == .cover else {
            return try make("resize") { atelier_image_resize($0, Int32(target.width), Int32(target.height)) }
        }
        let scale = max(
            Double(target.width) / Double(size.width), Double(target.height) / Double(size.height))
        let covering = PhotoSize(
            width: max(target.width, Int((Double(size.width) * scale).rounded())),
            height: max(target.height, Int((Double(size.height) * scale).rounded())))
        let big = try make("resize") { atelier_image_resize($0, Int32(covering.width), Int32(covering.height)) }
        return try big.make("crop") {
            atelier_image_crop(
                $0, Int32((big.width - target.width) / 2), Int32((big.height - target.height) / 2),
                Int32(target.width), Int32(target.height))
        }
    }

    private func enhanced() throws -> Picture {
        var low: Int32 = 0, high: Int32 = 255
        guard atelier_image_percentiles(pointer, 0.5, 99.5, &low, &high) == 0 else { throw fault("measuring") }
        // A flat picture has nothing to stretch; noise would be all that is seen.
        guard high - low >= 24 else { return self }
        let slope = min(2.5, 255 / Double(high - low))
        let shift = -Double(low) * slope
        return try linear([slope, slope, slope], [shift, shift, shift])
    }
}
