/// What can happen to a run. Times are Unix milliseconds.
enum RunEvent: Sendable, Equatable {
    case start
    /// The answer to ``RunCommand/plan(step:)``: how many items the step has; `nil` skips it.
    case planned(step: Int, items: Int?)
    case planFailed(step: Int, StepError)
    case progressed(ItemKey, token: Int64, percent: Int)
    case succeeded(ItemKey, token: Int64, output: String)
    case failed(ItemKey, token: Int64, StepError)
    /// Time has passed: retries, timeouts and the deadline are looked at.
    case tick
    case cancel
    /// Go on where the run failed or was cancelled: what had succeeded stays.
    case retry
}

/// What is to be done after an event. The driver does it in the transaction that stores the state.
enum RunCommand: Sendable, Equatable {
    /// Work out the step's items from its templates and answer with ``RunEvent/planned(step:items:)``.
    case plan(step: Int)
    /// Ask the worker to do one item.
    case dispatch(ItemKey, attempt: Int, token: Int64, deadlineAtMs: Int64)
    /// Tell the worker to stop: nobody waits for this attempt any more.
    case abort(ItemKey, token: Int64)
    /// The run has come to its end.
    case end(RunState.Status)
}

/// One item of one step, by position.
struct ItemKey: Sendable, Hashable, Codable {
    var step: Int
    var item: Int
}
