internal import Synchronization

/// The answers to records that were sent together.
final class DeliveryBatch: Sendable {
    typealias Answer = Result<RecordPosition, KafkaError>

    private struct State {
        var answers: [Answer?]
        var open: Int
        var isCancelled = false
        var continuation: CheckedContinuation<[Answer], Never>?

        /// All answers, once none is awaited.
        var finished: [Answer]? {
            if open > 0, !isCancelled { return nil }
            return answers.map { $0 ?? .failure(KafkaError(.stopped, "cancelled", isRetriable: true)) }
        }
    }

    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(answers: Array(repeating: nil, count: count), open: count)) }

    /// Waits until each record has its answer, or the task is cancelled.
    func results() async -> [Answer] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state -> [Answer]? in
                    if let finished = state.finished { return finished }
                    state.continuation = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            change { $0.isCancelled = true }
        }
    }

    func report(_ index: Int, _ answer: Answer) {
        change { state in
            guard state.answers[index] == nil else { return }
            state.answers[index] = answer
            state.open -= 1
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let resume = state.withLock { state -> (() -> Void)? in
            body(&state)
            guard let continuation = state.continuation, let finished = state.finished else { return nil }
            state.continuation = nil
            return { continuation.resume(returning: finished) }
        }
        resume?()
    }
}

/// The place of one record's answer; librdkafka holds it until the report.
final class DeliverySlot: Sendable {
    private let batch: DeliveryBatch
    private let index: Int

    init(_ batch: DeliveryBatch, _ index: Int) {
        self.batch = batch
        self.index = index
    }

    func report(_ answer: DeliveryBatch.Answer) { batch.report(index, answer) }
}
