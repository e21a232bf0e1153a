/// What an event says: a struct with the name and the fields of its protobuf message, camelCase for snake_case
/// (`userID` is `user_id`, `metadataJSON` is `metadata_json`).
public protocol EventPayload: Codable, Sendable, Equatable {
    /// The full name of the message, which is the CloudEvents type: `atelier.user.v1.UserRegistered`.
    static var messageName: String { get }

    /// The topics on which such events are found.
    static var topics: [Topic] { get }

    /// The topic that this one goes to.
    var topic: Topic { get }

    /// The identifier of the aggregate, which keeps its events in order.
    var key: String { get }
}

extension EventPayload {
    /// The only topic of its type.
    public var topic: Topic { Self.topics[0] }
}
