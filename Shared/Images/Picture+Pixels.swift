internal import CVips
public import FoundationEssentials

extension Picture {
    /// The pixels: red, green and blue, rows without gaps; on white, where it was transparent.
    /// - Throws: ``ImageError``, `CancellationError`.
    public func rgb() throws -> Data {
        let plain = try flattened().computed()
        return try withExtendedLifetime(plain) {
            guard let bytes = atelier_image_rgb(plain.pointer) else { throw plain.fault("reading pixels") }
            return Data(bytes: bytes, count: plain.width * plain.height * 3)
        }
    }
}
