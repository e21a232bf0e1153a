import FoundationEssentials
import Postgres
import Primitives
import ServiceKit

/// What can be made anew, by an operator's word.
enum Projections {
    @Sendable static func all(_ settings: AnalyticsConfiguration) -> [Projection] {
        [
            Projection(
                "hours", "sums by hour; those older than EVENT_RETENTION_DAYS stay, their events were dropped",
                from: .rows { postgres, applies in
                    let found = try await HourStore.rebuild(
                        retentionDays: settings.retentionDays, applies: applies, on: postgres)
                    return [
                        ("from (unix)", Int(found.from.timeIntervalSince1970)), ("sums", found.due),
                        ("missing or wrong", found.put), ("of no event", found.gone),
                    ]
                }),
            Projection(
                "events", "single events, runs, jobs and posts, as far as Kafka goes back; nothing counts twice",
                from: .log(Ingest(again: true).subscriptions)),
        ]
    }
}
