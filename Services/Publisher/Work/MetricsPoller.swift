import FoundationEssentials
import Lifecycle
import Primitives
import Telemetry

/// Reads the figures of posts from their networks, and tells where they changed.
final class MetricsPoller: Service {
    let name = "post-metrics"
    private let publications: PublicationTable
    private let networks: Networks
    private let tokens: AccessTokens
    private let minimum: Duration
    private let logger: Logger
    private let stopping = AsyncTrigger()

    init(
        publications: PublicationTable, networks: Networks, tokens: AccessTokens, minimum: Duration, logger: Logger
    ) {
        self.publications = publications
        self.networks = networks
        self.tokens = tokens
        self.minimum = minimum
        self.logger = logger
    }

    func stop() async { stopping.fire() }

    func run() async throws {
        let pause = max(.milliseconds(100), minimum / 2)
        while !stopping.hasFired, !Task.isCancelled {
            do {
                let due = try await publications.claimPosts(20, minimum: minimum)
                await withDiscardingTaskGroup { group in
                    for post in due { group.addTask { await self.read(post) } }
                }
                if due.count == 20 { continue }
            } catch {
                logger.warning("post figures cannot be read", ["error": .string("\(error)")])
            }
            await stopping.wait(upTo: pause)
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
