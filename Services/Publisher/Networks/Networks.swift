import HTTP

/// The networks that this installation speaks with.
struct Networks: Sendable {
    private let adapters: [String: any SocialNetwork]

    init(_ adapters: [any SocialNetwork]) {
        self.adapters = Dictionary(adapters.map { ($0.platform, $0) }) { first, _ in first }
    }

    var platforms: [String] { adapters.keys.sorted() }

    /// - Throws: ``NetworkFailure`` for a network that is not spoken with (any more).
    func adapter(_ platform: String) throws -> any SocialNetwork {
        guard let adapter = adapters[platform] else {
            throw NetworkFailure.refused(code: "unknown_platform", message: "\(platform) is not connected here.")
        }
        return adapter
    }
}
