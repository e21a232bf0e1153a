internal import Execution
internal import Lifecycle
internal import Primitives
internal import Telemetry

/// Looks the addresses of the services up, at the start and again every few seconds, on threads that may block.
final class Resolver: Service {
    let name = "resolver"
    private let upstreams: [Upstream]
    private let pool = BlockingPool(name: "resolver", threads: 2)
    private let stopped = AsyncTrigger()
    private let resolved = AsyncTrigger()

    init(upstreams: [Upstream]) { self.upstreams = upstreams }

    func run() async throws {
        while !stopped.hasFired {
            await lookUp()
            resolved.fire()
            // A name that is not known yet is asked for more often.
            let wait: Duration = upstreams.allSatisfy { $0.addressCount > 0 } ? .seconds(10) : .seconds(1)
            await stopped.wait(upTo: wait)
        }
    }

    func ready() async throws { await resolved.wait() }
    func stop() async { stopped.fire() }

    private func lookUp() async {
        await withTaskGroup(of: Void.self) { group in
            for upstream in upstreams {
                group.addTask {
                    let found = try? await self.pool.run {
                        SocketAddress.resolve(host: upstream.host, port: upstream.port)
                    }
                    upstream.setAddresses(found ?? [])
                }
            }
        }
    }
}
