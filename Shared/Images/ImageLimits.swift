/// What a picture may be at most. Checked on the header, before anything is decoded.
public struct ImageLimits: Codable, Sendable, Hashable {
    /// Width times height.
    public var maxPixels: Int64 = 100_000_000
    /// Either side in pixels.
    public var maxSide = 32_000
    /// Pages of a document, pictures of an animation.
    public var maxPages = 2_000

    /// The limits of the product.
    public init() {}

    /// - Throws: ``ImageError`` with `tooLarge`.
    func check(width: Int, height: Int, pages: Int) throws {
        guard width <= maxSide, height <= maxSide, Int64(width) * Int64(height) <= maxPixels else {
            throw ImageError(.tooLarge, "\(width)×\(height) is over the limit of \(maxPixels) pixels")
        }
        guard pages <= maxPages else { throw ImageError(.tooLarge, "\(pages) pages, over the limit of \(maxPages)") }
    }
}
