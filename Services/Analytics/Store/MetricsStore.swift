import FoundationEssentials
import Postgres
import Primitives

/// Reads what was measured, always of one workspace.
struct MetricsStore: Sendable {
    let postgres: PostgresClient

    func metrics(workspace: UUID, project: UUID?, period: Period) async throws -> MetricsView {
        let hours = try await hours(workspace, project, period)
        let posts = try await posts(workspace, project)
        return MetricsView(
            projectId: project?.text, from: period.from, to: period.to, events: hours.reduce(0) { $0 + $1.count },
            byType: hours.reduce(into: [:]) { $0[$1.type, default: 0] += $1.count },
            views: posts.reduce(0) { $0 + $1.views }, hours: hours,
            durations: try await durations(workspace, project, period), posts: posts)
    }

    /// Sums by hour, those that are not folded yet included: the two are read by one statement, so that no event is
    /// seen twice or not at all while it moves from one to the other.
    private func hours(_ workspace: UUID, _ project: UUID?, _ period: Period) async throws -> [MetricsView.Hour] {
        let own: PostgresQuery = project.map { "AND project_id = \($0)" } ?? ""
        let chosen: PostgresQuery = """
            WHERE workspace_id = \(workspace) AND hour >= \(period.from) AND hour < \(period.to) \(own)
            """
        return try await postgres.query(
            """
            SELECT hour, type, sum(count)::bigint FROM (
                SELECT hour, type, count FROM rollup_hour \(chosen)
                UNION ALL SELECT hour, type, 1 FROM rollup_delta \(chosen)) both_of_them
            GROUP BY 1, 2 ORDER BY 1, 2
            """
        ).map { row in
            let (hour, type, count) = try row.decode((Date, String, Int64).self)
            return MetricsView.Hour(hour: hour, type: type, count: count)
        }
    }

    private func durations(
        _ workspace: UUID, _ project: UUID?, _ period: Period
    ) async throws -> [MetricsView.Durations] {
        let own: PostgresQuery = project.map { "AND project_id = \($0)" } ?? ""
        return try await postgres.query(
            """
            SELECT kind, name, status, count(*), avg(ms)::bigint,
                percentile_disc(0.5) WITHIN GROUP (ORDER BY ms), max(ms)
            FROM (SELECT kind, name, status, (extract(epoch FROM ended_at - started_at) * 1000)::bigint AS ms
                FROM activity WHERE workspace_id = \(workspace) AND ended_at >= \(period.from)
                    AND ended_at < \(period.to) \(own)) ended
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 500
            """
        ).map { row in
            let (kind, name, status, count, average, median, maximum) = try row.decode(
                (String, String, String, Int64, Int64, Int64, Int64).self)
            return MetricsView.Durations(
                kind: kind, name: name, status: status, count: count, averageMs: average, medianMs: median,
                maximumMs: maximum)
        }
    }

    private func posts(_ workspace: UUID, _ project: UUID?) async throws -> [MetricsView.Post] {
        let own: PostgresQuery = project.map { "AND project_id = \($0)" } ?? ""
        return try await postgres.query(
            """
            SELECT publication_id, account_id, platform, post_id, views, likes, comments, shares, read_at FROM post
            WHERE workspace_id = \(workspace) \(own) ORDER BY views DESC, post_id LIMIT 1000
            """
        ).map { row in
            let (publication, account, platform, post, views, likes, comments, shares, read) = try row.decode(
                (UUID, UUID, String, String, Int64, Int64, Int64, Int64, Date).self)
            return MetricsView.Post(
                publicationId: publication.text, accountId: account.text, platform: platform, postId: post,
                views: views, likes: likes, comments: comments, shares: shares, readAt: read)
        }
    }
}
