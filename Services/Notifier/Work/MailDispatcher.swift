import FoundationEssentials
import Lifecycle
import NetworkClient
import Postgres
import Primitives
import Telemetry

/// Sends mails from their ledger. A mail whose fate is unknown is never sent again.
final class MailDispatcher: Service {
    private static let tries = 8

    let name = "mail"
    private let postgres: PostgresClient
    private let smtp: SMTPClient
    private let from: String
    private let logger: Logger
    private let stopped = AsyncTrigger()
    private let bell = Bell()

    init(_ postgres: PostgresClient, _ smtp: SMTPClient, from: String, logger: Logger) {
        self.postgres = postgres
        self.smtp = smtp
        self.from = from
        self.logger = logger
    }

    func run() async throws {
        let listening = Task { [postgres, bell] in for await _ in postgres.listen("mail") { bell.ring() } }
        defer { listening.cancel() }
        while !stopped.hasFired, !Task.isCancelled {
            do {
                while !stopped.hasFired, try await sendSome() {}
            } catch { logger.warning("mails not sent", ["error": .string("\(error)")]) }
            await bell.wait(upTo: .seconds(5))
        }
    }

    func stop() async {
        stopped.fire()
        bell.ring()
    }

    /// Sends what is due, four at once; whether there was any.
    private func sendSome() async throws -> Bool {
        let mails = try await MailStore.claim(limit: 4, lease: .seconds(120), on: postgres)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for mail in mails { group.addTask { try await self.send(mail) } }
            try await group.waitForAll()
        }
        return !mails.isEmpty
    }

    private func count(_ outcome: String) {
        MetricsRegistry.shared.count("mail_tries_total", "Tries to send mails, by outcome.", ["outcome": outcome])
    }

    private func send(_ mail: MailStore.Claimed) async throws {
        let message = SMTPMessage(
            from: MailAddress(from, name: "Atelier"), to: [MailAddress(mail.recipient)], subject: mail.subject,
            text: mail.body, id: mail.id.text)
        do {
            try await smtp.send(message)
            count("sent")
            try await MailStore.end(mail, "sent", error: nil, on: postgres)
        } catch let error as HTTPClientError {
            let reason = error.code.description
            if error.outcomeUnknown {
                count("unknown")
                try await MailStore.end(mail, "unknown", error: reason, on: postgres)
            } else if error.isRetriable, mail.attempts < Self.tries {
                count("again")
                let wait = Backoff(base: .seconds(5), maximum: .seconds(900)).delay(attempt: mail.attempts)
                try await MailStore.again(mail, after: wait, error: reason, on: postgres)
            } else {
                count("failed")
                try await MailStore.end(mail, "failed", error: reason, on: postgres)
            }
        }
    }
}
