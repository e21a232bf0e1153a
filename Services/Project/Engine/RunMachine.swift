/// The workflow engine: a pure function from a state and an event to a new state and what to do.
///
/// It knows no clock, no database and no worker. Late, doubled and stale results change nothing: a result counts only
/// for the item that runs with just that token. At most `maxParallel` items of a run are out at a time (AGT-003), each
/// is tried at most `maxAttempts` times (AGT-004), each attempt has a timeout (AGT-005), and the run a deadline.
struct RunMachine: Sendable {
    let definition: WorkflowDefinition
    /// Waits between the attempts of an item: the base, doubled with each, and its bound.
    var retryBaseMs: Int64 = 1_000
    var retryMaximumMs: Int64 = 30_000

    /// The state after `event`, and the commands that it causes, in order.
    func apply(_ event: RunEvent, to state: RunState, nowMs: Int64) -> (state: RunState, commands: [RunCommand]) {
        var change = Change(state: state, nowMs: nowMs)
        switch event {
        case .start:
            guard state.status == .pending else { break }
            change.state.status = .running
            change.state.startedAtMs = nowMs
            change.state.deadlineAtMs = nowMs + (definition.deadlineMs ?? WorkflowDefinition.defaultDeadlineMs)
        case .planned(let step, let items):
            guard state.status == .running, isPlanning(step, in: state) else { break }
            plan(step, items: items, &change)
        case .planFailed(let step, let error):
            guard state.status == .running, isPlanning(step, in: state) else { break }
            change.state.steps[step].phase = .failed
            fail(error, &change)
        case .progressed(let key, let token, let percent):
            guard let item = current(key, token, in: state), percent > item.progress ?? 0 else { break }
            change.state.steps[key.step].items[key.item].progress = min(99, percent)
        case .succeeded(let key, let token, let output):
            guard current(key, token, in: state) != nil else { break }
            change.update(key) {
                $0.status = .succeeded
                $0.output = output
                $0.error = nil
                $0.progress = 100
            }
        case .failed(let key, let token, let error):
            guard current(key, token, in: state) != nil else { break }
            failAttempt(key, error, &change)
        case .tick:
            tick(&change)
        case .cancel:
            guard !state.status.isFinal else { break }
            stop(as: .cancelled, &change)
        case .retry:
            resume(&change)
        }
        if change.state.status == .running { advance(&change) }
        return (change.state, change.commands)
    }

    /// A state in the making.
    private struct Change {
        var state: RunState
        let nowMs: Int64
        var commands: [RunCommand] = []

        /// Ends the attempt of an item.
        mutating func update(_ key: ItemKey, _ body: (inout ItemState) -> Void) {
            state.steps[key.step].items[key.item].dueAtMs = nil
            state.steps[key.step].items[key.item].endedAtMs = nowMs
            body(&state.steps[key.step].items[key.item])
        }
    }

    private func isPlanning(_ step: Int, in state: RunState) -> Bool {
        state.steps.indices.contains(step) && state.steps[step].phase == .planning
    }

    /// The item that a result is for, where it still runs with that token.
    private func current(_ key: ItemKey, _ token: Int64, in state: RunState) -> ItemState? {
        guard state.status == .running, state.steps.indices.contains(key.step),
            state.steps[key.step].items.indices.contains(key.item)
        else { return nil }
        let item = state.steps[key.step].items[key.item]
        return item.status == .running && item.token == token ? item : nil
    }

    private func plan(_ step: Int, items: Int?, _ change: inout Change) {
        guard let items else { return change.state.steps[step].phase = .skipped }
        guard items <= WorkflowDefinition.itemLimit else {
            change.state.steps[step].phase = .failed
            let message = "the step would have \(items) items, more than \(WorkflowDefinition.itemLimit)"
            return fail(StepError(code: "too_many_items", message: message, retriable: false), &change)
        }
        change.state.steps[step].phase = .active
        change.state.steps[step].items = Array(repeating: ItemState(), count: items)
    }

    private func failAttempt(_ key: ItemKey, _ error: StepError, _ change: inout Change) {
        let step = definition.steps[key.step]
        let attempt = change.state.steps[key.step].items[key.item].attempt
        let mayRetry = error.retriable && attempt < step.maxAttempts ?? WorkflowDefinition.defaultAttempts
        let retryAtMs = change.nowMs + min(retryMaximumMs, retryBaseMs << min(Int64(attempt - 1), 20))
        change.update(key) { item in
            item.error = error
            item.progress = nil
            item.status = mayRetry ? .waiting : .failed
            item.dueAtMs = mayRetry ? retryAtMs : nil
        }
        if !mayRetry {
            change.state.steps[key.step].phase = .failed
            fail(error, &change)
        }
    }

    private func tick(_ change: inout Change) {
        guard change.state.status == .running else { return }
        if let deadline = change.state.deadlineAtMs, change.nowMs >= deadline {
            let error = StepError(
                code: "deadline_exceeded", message: "the run took longer than it may", retriable: true)
            return fail(error, &change)
        }
        for (stepIndex, step) in change.state.steps.enumerated() where step.phase == .active {
            for (itemIndex, item) in step.items.enumerated() {
                guard let due = item.dueAtMs, change.nowMs >= due, change.state.status == .running else { continue }
                let key = ItemKey(step: stepIndex, item: itemIndex)
                if item.status == .waiting {
                    change.state.steps[stepIndex].items[itemIndex].status = .pending
                    change.state.steps[stepIndex].items[itemIndex].dueAtMs = nil
                } else if item.status == .running {
                    change.commands.append(.abort(key, token: item.token))
                    let error = StepError(
                        code: "step_timeout", message: "the step gave no result in time", retriable: true)
                    failAttempt(key, error, &change)
                }
            }
        }
    }

    private func fail(_ error: StepError, _ change: inout Change) {
        change.state.error = error
        stop(as: .failed, &change)
    }

    /// Ends a run that has not succeeded: what is out is called back, what has not begun is given up.
    private func stop(as status: RunState.Status, _ change: inout Change) {
        for (stepIndex, step) in change.state.steps.enumerated() {
            for (itemIndex, item) in step.items.enumerated() where item.status != .succeeded && item.status != .failed {
                let key = ItemKey(step: stepIndex, item: itemIndex)
                if item.status == .running { change.commands.append(.abort(key, token: item.token)) }
                change.update(key) { $0.status = .cancelled }
            }
            if step.phase == .active || step.phase == .planning || step.phase == .blocked {
                change.state.steps[stepIndex].phase = .cancelled
            }
        }
        change.state.status = status
        change.state.endedAtMs = change.nowMs
        change.commands.append(.end(status))
    }

    private func resume(_ change: inout Change) {
        guard change.state.status == .failed || change.state.status == .cancelled else { return }
        for (stepIndex, step) in change.state.steps.enumerated() where !step.hasEnded {
            // Without items the step never came to be planned, or its plan failed: it is planned anew.
            change.state.steps[stepIndex].phase = step.items.isEmpty ? .blocked : .active
            for (itemIndex, item) in step.items.enumerated() where item.status != .succeeded {
                change.state.steps[stepIndex].items[itemIndex] = ItemState(token: item.token, error: item.error)
            }
        }
        change.state.status = .running
        change.state.error = nil
        change.state.endedAtMs = nil
        change.state.startedAtMs = change.state.startedAtMs ?? change.nowMs
        change.state.deadlineAtMs = change.nowMs + (definition.deadlineMs ?? WorkflowDefinition.defaultDeadlineMs)
    }

    /// Closes steps whose items are all done, opens steps whose turn has come, and sends out items while there is room.
    private func advance(_ change: inout Change) {
        var room = (definition.maxParallel ?? WorkflowDefinition.defaultParallel) - change.state.runningItems
        for (index, step) in definition.steps.enumerated() {
            if change.state.steps[index].phase == .active,
                change.state.steps[index].items.allSatisfy({ $0.status == .succeeded })
            {
                change.state.steps[index].phase = .succeeded
            }
            if change.state.steps[index].phase == .blocked, isOpen(step, in: change.state) {
                change.state.steps[index].phase = .planning
                change.commands.append(.plan(step: index))
            }
            guard change.state.steps[index].phase == .active else { continue }
            for item in change.state.steps[index].items.indices where room > 0 {
                guard change.state.steps[index].items[item].status == .pending else { continue }
                dispatch(ItemKey(step: index, item: item), &change)
                room -= 1
            }
        }
        if change.state.steps.allSatisfy(\.hasEnded) {
            change.state.status = .succeeded
            change.state.endedAtMs = change.nowMs
            change.commands.append(.end(.succeeded))
        }
    }

    private func isOpen(_ step: WorkflowDefinition.Step, in state: RunState) -> Bool {
        (step.after ?? []).allSatisfy { name in
            guard let index = definition.steps.firstIndex(where: { $0.id == name }) else { return false }
            return state.steps[index].hasEnded
        }
    }

    private func dispatch(_ key: ItemKey, _ change: inout Change) {
        change.state.lastToken += 1
        let token = change.state.lastToken
        let timeout = definition.steps[key.step].timeoutMs ?? WorkflowDefinition.defaultTimeoutMs
        let deadline = min(change.nowMs + timeout, change.state.deadlineAtMs ?? .max)
        change.state.steps[key.step].items[key.item].attempt += 1
        change.state.steps[key.step].items[key.item].status = .running
        change.state.steps[key.step].items[key.item].token = token
        change.state.steps[key.step].items[key.item].dueAtMs = deadline
        change.state.steps[key.step].items[key.item].endedAtMs = nil
        if change.state.steps[key.step].items[key.item].startedAtMs == nil {
            change.state.steps[key.step].items[key.item].startedAtMs = change.nowMs
        }
        let attempt = change.state.steps[key.step].items[key.item].attempt
        change.commands.append(.dispatch(key, attempt: attempt, token: token, deadlineAtMs: deadline))
    }
}
