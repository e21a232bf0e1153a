/// An edit: what is done to a photograph, in order, and what comes out.
public struct PhotoEdit: Codable, Sendable, Hashable {
    /// What is done, in order.
    public var operations: [PhotoOperation]
    /// JPEG, where nothing is said.
    public var format: PictureFormat?
    /// From 1 to 100, for JPEG and WebP; 88, where nothing is said.
    public var quality: Int?

    /// Takes all as it is; see ``faults(width:height:)``.
    public init(operations: [PhotoOperation], format: PictureFormat? = nil, quality: Int? = nil) {
        self.operations = operations
        self.format = format
        self.quality = quality
    }

    /// A value that cannot be.
    public struct Fault: Error, Sendable, Hashable {
        /// Where: `operations[2].width`.
        public let field: String
        /// What is wrong with it.
        public let reason: String

        /// - Parameter reason: reads on from the field: `must be from 1 to 100`.
        public init(field: String, reason: String) {
            self.field = field
            self.reason = reason
        }
    }

    /// Steps of an edit at most.
    public static let maxOperations = 32

    /// What is wrong with the edit, all of it.
    /// - Parameter size: of the picture, where known; without it what depends on it is not checked.
    public func faults(width: Int? = nil, height: Int? = nil) -> [Fault] {
        var faults: [Fault] = []
        if operations.isEmpty { faults.append(Fault(field: "operations", reason: "must not be empty")) }
        if operations.count > Self.maxOperations {
            faults.append(Fault(field: "operations", reason: "must be at most \(Self.maxOperations)"))
        }
        if !(1...100).contains(quality ?? 1) {
            faults.append(Fault(field: "quality", reason: "must be from 1 to 100"))
        }
        var size = width.flatMap { width in height.map { PhotoSize(width: width, height: $0) } }
        for (index, operation) in operations.prefix(Self.maxOperations).enumerated() {
            for (member, reason) in operation.faults(on: size) {
                faults.append(Fault(field: "operations[\(index)].\(member)", reason: reason))
            }
            guard faults.isEmpty else {
                size = nil
                continue
            }
            size = size.map { operation.size(after: $0) }
        }
        return faults
    }
}
