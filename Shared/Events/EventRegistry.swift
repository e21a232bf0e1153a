internal import CEvents

/// Every message of the fleet.
public enum EventRegistry {
    /// One type for each message under `Proto/`.
    public static let all: [any EventPayload.Type] = [
        UserRegistered.self, UserSignedIn.self, SessionRevoked.self,
        ProjectChanged.self, RunChanged.self,
        AssetCreated.self, AssetDeleted.self, RenditionCreated.self,
        AssetProbed.self,
        StartWork.self, CancelWork.self, RetryWork.self, WorkChanged.self,
        PublicationChanged.self, PostMetrics.self,
        NotificationCreated.self,
    ]

    /// The full names of all messages.
    public static let messageNames: Set<String> = Set(all.map { $0.messageName })

    /// The fields of every message that was generated from `Proto/`, by full name.
    static let layouts: [String: MessageLayout] = {
        var layouts: [String: MessageLayout] = [:]
        for index in 0..<atelier_messages_count {
            guard let descriptor = atelier_message(index) else { continue }
            let layout = MessageLayout(descriptor)
            layouts[layout.name] = layout
        }
        return layouts
    }()
}
