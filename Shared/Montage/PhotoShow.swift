internal import AV
internal import CLibAV
internal import CMontage
internal import Titles

/// A still, brought to a size from which it is drawn at about its own scale.
struct Photo {
    let picture: Picture

    /// - Parameters:
    ///   - width, height: the film's picture.
    ///   - zoom: how far the film zooms in at most, as a factor.
    init(path: String, width: Int, height: Int, zoom: Double, look: Look) throws {
        let frame = try PhotoFile.decode(path: path)
        let shape = Double(width) / Double(height)
        let window = Window.cover(frame.width, frame.height, shape: shape, zoom: zoom)
        // Down to what the closest view needs; up at most as far as the film's own size, sharpened on the way.
        let scale = min(1.6 * zoom, Double(width) / window.width)
        let scaler = Scaler(
            width: max(2, Int(Double(frame.width) * scale) & ~1),
            height: max(2, Int(Double(frame.height) * scale) & ~1),
            format: AV_PIX_FMT_YUV420P, quality: .lanczos)
        picture = try Picture(over: scaler.scale(frame)).copy()
        let enlarged = Double(width) / window.width
        if enlarged > 1.2 { cm_sharpen(picture.raw, Int32(min(200, 60 * enlarged))) }
        Grade(look: look).apply(to: picture)
    }

    /// Where the detail is, 0 to 1 across and down: what the picture is about, as far as its edges tell.
    var focus: (x: Double, y: Double) { Saliency.focus(of: picture) }
}

/// A still with slow pan and zoom.
final class PhotoShow: SceneShow {
    private let photo: Photo
    private let lens: Lens
    private let shape: Double
    private let movement: Movement
    private let lengthMs: Double

    /// - Parameters:
    ///   - lengthMs: how long it is seen, with the transition out.
    ///   - turn: which of the movements, by the scene's place in the film.
    init(_ photo: Photo, lens: Lens, width: Int, height: Int, lengthMs: Int, turn: Int, look: Look) {
        self.photo = photo
        self.lens = lens
        self.lengthMs = Double(lengthMs)
        shape = Double(width) / Double(height)
        let picture = photo.picture
        let window = Window.cover(picture.width, picture.height, shape: shape)
        let slack = (
            x: 1 - window.width / Double(picture.width), y: 1 - window.height / Double(picture.height)
        )
        movement = .photo(turn: turn, slack: slack, focus: photo.focus, zoom: look.photoZoom, pan: look.photoPan)
    }

    func draw(at time: Double, into picture: Picture) {
        let pose = movement.pose(min(1, time / lengthMs))
        let window = Window.cover(
            photo.picture.width, photo.picture.height, shape: shape, focus: (pose.x, pose.y), zoom: pose.zoom)
        lens.draw(photo.picture, window, into: picture, .mitchell)
    }
}
