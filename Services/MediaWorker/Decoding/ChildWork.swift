import AV
import Execution
import FoundationEssentials
import Jobs
import Primitives

/// One order on its way through a child. Blocks.
struct ChildWork: Sendable {
    let order: Data
    let workClass: WorkClass
    let process: ChildProcess
    let key: ChildPool.Key
    let onProgress: @Sendable (MediaProgress) -> Void

    /// - Returns: the child's last word, or what it means that there was none.
    func run(_ children: ChildPool, _ flag: CancellationFlag) throws -> DecodeMessage {
        if workClass.isKept, let lane = children.take(key) {
            // A child that ended while it waited says nothing of this order: a new one gets it.
            if let message = try ask(lane, children, flag).message { return message }
        }
        let lane: ChildPool.Lane
        do { lane = ChildPool.Lane(try ChildSession(process)) } catch let failure as ChildProcess.StartFailure {
            throw JobFailure("internal", "\(failure)", retriable: true)
        }
        let (message, result) = try ask(lane, children, flag)
        if let message { return message }
        guard let result else { throw JobFailure("internal", "The work ended without a result.", retriable: true) }
        return DecodeMessage(failure: DecodeVerdict.failure(of: result, memory: workClass.memory))
    }

    private func ask(_ lane: ChildPool.Lane, _ children: ChildPool, _ flag: CancellationFlag) throws -> (
        message: DecodeMessage?, result: ChildProcess.Result?
    ) {
        var last: DecodeMessage?
        let answer = try lane.session.ask(order, deadline: workClass.time + .seconds(5), flag: flag) { line in
            guard let message = try? JSON.decode(DecodeMessage.self, from: line) else { return false }
            if let progress = message.progress {
                onProgress(progress)
                return false
            }
            last = message
            return true
        }
        switch answer {
        case .answered:
            if workClass.isKept, last?.result != nil { children.give(lane, key) }
            return (last, nil)
        case .ended(let result): return (nil, result)
        }
    }
}
