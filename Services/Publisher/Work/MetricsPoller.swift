import FoundationEssentials
import Lifecycle
import Primitives
import Telemetry

/// Reads the figures of posts from their networks, and tells where they changed.
struct MetricsPoller: Sendable {
    let publications: PublicationTable
    let tokens: AccessTokens
    let minimum: Duration
    let logger: Logger

    var part: Periodic {
        Periodic("post-metrics", every: max(.milliseconds(100), minimum / 2), logger: logger) {
            let due = try await publications.claimPosts(20, minimum: minimum)
            await withDiscardingTaskGroup { group in
                for post in due { group.addTask { await read(post) } }
            }
            return due.count == 20
        }
    }

    private func read(_ post: DuePost) async {
        do {
            let figures = try await tokens.with(post.accountID) { network, token in
                try await network.figures(postID: post.postID, token)
            }
            if figures != post.known { try await publications.keep(figures, of: post) }
        } catch NetworkFailure.refused {
            try? await publications.forgetFigures(of: post)
        } catch {
            logger.info(
                "post figures were not read", ["platform": .string(post.platform), "error": .string("\(error)")])
        }
    }
}
