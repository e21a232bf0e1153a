import Events
import FoundationEssentials
import Outbox
import Postgres
import Primitives
import Telemetry

/// What the notifier does about each event: tells live listeners, and people who want to know. All of it is written in
/// the transaction that marks the event as handled; mails and webhooks go out from their ledgers.
struct Reactions: Sendable {
    let outbox: Outbox
    let publicURL: String
    /// Whether mails can be sent at all.
    let sendsMail: Bool

    var subscriptions: [Subscription] {
        [
            Subscription.on(UserRegistered.self) { try await PeopleStore.keep($0.payload, in: $1) },
            Subscription.on(RunChanged.self) { event, tx in
                try await live(event, event.payload.workspaceID, tx)
                if let notice = Notice(event.payload) { try await tell(notice, event, tx) }
            },
            Subscription.on(WorkChanged.self) { event, tx in
                try await live(event, event.payload.workspaceID, tx)
                if let notice = Notice(event.payload) { try await tell(notice, event, tx) }
            },
            Subscription.on(PublicationChanged.self) { event, tx in
                try await live(event, event.payload.workspaceID, tx)
                if let notice = Notice(event.payload) { try await tell(notice, event, tx) }
            },
            Subscription.on(AssetCreated.self) { event, tx in
                try await live(event, event.payload.workspaceID, tx)
                try await callWebhooks(
                    event.id, type: "asset.created", at: event.time, workspace: event.payload.workspaceID,
                    data: PublicJSON.object(event.payload), tx)
            },
            Subscription.on(RenditionCreated.self) { try await live($0, $0.payload.workspaceID, $1) },
            Subscription.on(AssetProbed.self) { try await live($0, $0.payload.workspaceID, $1) },
            Subscription.on(ProjectChanged.self) { try await live($0, $0.payload.workspaceID, $1) },
        ]
    }

    private func live(_ event: Event<some EventPayload>, _ workspace: UUID, _ tx: PostgresTransaction) async throws {
        try await live(event.id, event.type, at: event.time, event.payload, workspace: workspace, user: nil, tx)
    }

    private func live(
        _ id: UUID, _ name: String, at time: Date, _ payload: some EventPayload, workspace: UUID, user: UUID?,
        _ tx: PostgresTransaction
    ) async throws {
        let type = name.split(separator: ".").last.map(String.init) ?? name
        guard case .object(var data) = try PublicJSON.object(payload) else { return }
        data["type"] = .string(type)
        data["at"] = .string(time.rfc3339)
        if let trace = Trace.current { data["traceId"] = .string(trace.traceID) }
        try await LiveEventStore.append(id, workspace: workspace, user: user, type: type, data: JSON.text(data), in: tx)
    }

    private func tell(_ notice: Notice, _ event: Event<some EventPayload>, _ tx: PostgresTransaction) async throws {
        let data = try PublicJSON.object(event.payload)
        let wishes = try await PeopleStore.preferences(notice.userID, notice.workspaceID, in: tx)
        // Kept also where it is not wanted in the product (as read): its fact is told once, whatever the wishes are later.
        guard let id = try await NotificationStore.insert(notice, data: data, isRead: !wishes.inApp, in: tx) else {
            return
        }
        try await callWebhooks(
            event.id, type: notice.kind, at: event.time, workspace: notice.workspaceID, data: data, tx)
        let created = NotificationCreated(
            notificationID: id, workspaceID: notice.workspaceID, userID: notice.userID, kind: notice.kind)
        let eventID = try await outbox.append(created, in: tx)
        if wishes.inApp {
            try await live(
                eventID, NotificationCreated.messageName, at: Date(), created, workspace: notice.workspaceID,
                user: notice.userID, tx)
        }
        guard sendsMail, let time = wishes.mailTime(kind: notice.kind, now: Date()),
            let address = try await PeopleStore.address(of: notice.userID, in: tx)
        else { return }
        let text = MailText(notice, publicURL: publicURL)
        try await MailStore.add(id, to: address, subject: text.subject, body: text.body, at: time, in: tx)
    }

    private func callWebhooks(
        _ id: UUID, type: String, at time: Date, workspace: UUID, data: JSONValue, _ tx: PostgresTransaction
    ) async throws {
        let body = try JSON.text(
            ["type": .string(type), "timestamp": .string(time.rfc3339), "data": data] as JSONValue)
        try await DeliveryStore.add(id, type: type, workspace: workspace, body: body, in: tx)
    }
}
