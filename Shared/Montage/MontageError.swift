public import AV

/// Why a film could not be rendered. (A timeline that is wrong throws `TimelineError`, a cancelled render
/// `CancellationError`.)
public struct MontageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The class of the fault, as of media in general.
    public let code: MediaError.Code
    /// The asset that is at fault, where it is one.
    public let assetID: String?
    /// What happened, without content or paths.
    public let message: String

    /// - Parameter message: what happened, without content or paths.
    public init(_ code: MediaError.Code, assetID: String? = nil, _ message: String) {
        self.code = code
        self.assetID = assetID
        self.message = message
    }

    /// The same may succeed later.
    public var isRetriable: Bool { MediaError(code, message).isRetriable }

    public var description: String {
        assetID.map { "\(code.rawValue): asset \($0): \(message)" } ?? "\(code.rawValue): \(message)"
    }

    /// Runs what touches one asset, so that a fault names it.
    static func naming<T>(_ assetID: String, _ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as MediaError {
            throw MontageError(error.code, assetID: assetID, error.message)
        }
    }
}
