import FoundationEssentials
import HTTP
import NetworkClient
import Postgres
import Primitives
import Telemetry

/// Makes one delivery, and notes in the ledger how it went.
struct WebhookSender: Sendable {
    let postgres: PostgresClient
    let store: WebhookStore
    let http: HTTPClient
    let timeout: Duration
    let allowsPrivate: Bool

    func send(_ delivery: DeliveryStore.Claimed) async throws {
        let answer: HTTPClientResponse
        do { answer = try await http.execute(request(delivery)) } catch let error as HTTPClientError {
            return try await failed(delivery, status: nil, error: error.code.description, asked: nil)
        }
        // The content is of no interest, but reading a little of it lets the connection be used again.
        _ = try? await answer.data(upTo: 64 << 10)
        switch answer.status.rawValue {
        case 200..<300:
            count("delivered")
            try await DeliveryStore.delivered(delivery, status: answer.status.rawValue, on: postgres)
        case 410:
            count("gone")
            try await DeliveryStore.gone(delivery, on: postgres)
        case let status:
            let asked = answer.headers["Retry-After"].flatMap { Int64($0) }.map { Duration.seconds(max(0, $0)) }
            try await failed(delivery, status: status, error: "the receiver answered \(status)", asked: asked)
        }
    }

    private func count(_ outcome: String) {
        MetricsRegistry.shared.count(
            "webhook_tries_total", "Tries to deliver webhooks, by outcome.", ["outcome": outcome])
    }

    /// The request as Standard Webhooks 1.0 wants it: the same id at each try, the time of this try, and a signature by
    /// each secret that holds.
    private func request(_ delivery: DeliveryStore.Claimed) throws -> HTTPClientRequest {
        let timestamp = Int64(Date().timeIntervalSince1970)
        let body = Data(delivery.body.utf8)
        let signatures = try store.secrets(delivery.webhookID, delivery.sealedSecrets)
            .map { $0.signature(id: delivery.id.text, timestamp: timestamp, body: body) }
        var request = HTTPClientRequest(
            .POST, delivery.url,
            headers: [
                "Content-Type": "application/json", "User-Agent": "Atelier-Webhooks/1",
                "webhook-id": delivery.id.text, "webhook-timestamp": String(timestamp),
                "webhook-signature": signatures.joined(separator: " "),
            ], body: .data(body), timeout: timeout)
        request.allowsPrivateAddresses = allowsPrivate
        request.followRedirects = false
        return request
    }

    private func failed(
        _ delivery: DeliveryStore.Claimed, status: Int?, error: String, asked: Duration?
    ) async throws {
        count("failed")
        let again = RetrySchedule.wait(after: delivery.attempts, asked: asked)
        try await DeliveryStore.failed(delivery, status: status, error: error, again: again, on: postgres)
    }
}
