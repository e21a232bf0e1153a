internal import CSystem
internal import Glibc

/// Takes new connections and gives them to the loops in turn.
final class Acceptor: Endpoint {
    private let workers: [Worker]
    private var turn = 0

    init(listener: Int32, workers: [Worker]) {
        self.workers = workers
        super.init(descriptor: listener)
    }

    override func handle(_ events: UInt32) { accept() }

    /// Takes what waits, some at a time.
    func accept(limit: Int = 64) {
        for _ in 0..<limit {
            var address = [UInt8](repeating: 0, count: 16)
            var port: UInt16 = 0
            let descriptor = atelier_net_accept(self.descriptor, &address, &port)
            guard descriptor >= 0 else { return }
            let peer = NetworkAddress(bytes: address)
            let worker = workers[turn % workers.count]
            turn += 1
            if turn % workers.count == 1 || workers.count == 1 {
                // The first worker's loop is the one that this runs on.
                worker.serve(descriptor, peer)
            } else {
                worker.loop.submit { worker.serve(descriptor, peer) }
            }
        }
    }
}
