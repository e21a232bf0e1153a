internal import CVips
public import Execution

/// Carries a ``PhotoEdit`` out.
public enum PhotoEditor {
    /// - Returns: the size of what was written.
    /// - Throws: ``PhotoEdit/Fault`` where a step does not fit the picture, ``ImageError``, `CancellationError`.
    public static func run(
        _ edit: PhotoEdit, on path: String, to target: String, limits: ImageLimits = ImageLimits(),
        flag: CancellationFlag = CancellationFlag()
    ) throws -> (width: Int, height: Int) {
        let info = try ImageProbe.header(path, limits)
        if let fault = edit.faults(width: info.width, height: info.height).first { throw fault }
        var picture = try Picture(path: path, limits: limits, flag: flag).computed()
        for (index, operation) in edit.operations.enumerated() {
            // Turning by any angle makes a size that only now is known: what follows is checked against the truth.
            let size = PhotoSize(width: picture.width, height: picture.height)
            if let fault = operation.faults(on: size).first {
                throw PhotoEdit.Fault(field: "operations[\(index)].\(fault.member)", reason: fault.reason)
            }
            picture = try picture.applying(operation)
            try limits.check(width: picture.width, height: picture.height, pages: 1)
        }
        try picture.write(to: target, as: edit.format ?? .jpeg, quality: edit.quality ?? 88)
        return (picture.width, picture.height)
    }
}
