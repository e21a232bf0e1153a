import Primitives
import Testing

@testable import ProjectService

@Suite("The workflow engine")
struct RunMachineTests {
    @Test("a run goes through its steps in order and ends")
    func straight() throws {
        var world = World(definition: .sample)
        world.send(.start)
        #expect(world.commands == [.plan(step: 0)])
        world.send(.planned(step: 0, items: 1))
        world.send(.succeeded(ItemKey(step: 0, item: 0), token: 1, output: "a"))
        #expect(world.commands == [.plan(step: 1), .plan(step: 2)])
        world.send(.planned(step: 1, items: 6))
        #expect(world.state.runningItems == 4)
        world.send(.planned(step: 2, items: nil))
        for token in 2...7 {
            world.send(.succeeded(ItemKey(step: 1, item: token - 2), token: Int64(token), output: "b"))
        }
        #expect(world.commands == [.plan(step: 3)])
        world.send(.planned(step: 3, items: 1))
        world.send(.succeeded(ItemKey(step: 3, item: 0), token: 8, output: "c"))
        #expect(world.commands == [.end(.succeeded)])
        #expect(world.state.progress == 100)
        #expect(world.state.steps[2].phase == .skipped)
    }

    @Test("progress counts each step by its share of the work")
    func shares() {
        let definition = WorkflowDefinition(
            id: "shares", version: 1, title: "", input: [:],
            steps: [
                .init(id: "quick", agent: "echo", worker: .ml, input: nil),
                .init(id: "long", agent: "echo", worker: .ml, after: ["quick"], input: nil, share: 9),
            ], outputs: [:])
        var world = World(definition: definition)
        world.send(.start)
        world.send(.planned(step: 0, items: 1))
        world.send(.succeeded(ItemKey(step: 0, item: 0), token: 1, output: "a"))
        #expect(world.state.progress == 10)
        world.send(.planned(step: 1, items: 1))
        world.send(.progressed(ItemKey(step: 1, item: 0), token: 2, percent: 50))
        #expect(world.state.progress == 55)
    }

    @Test("an item is tried three times, with growing waits, and then the run fails")
    func retries() {
        var world = World(definition: .sample)
        world.send(.start)
        world.send(.planned(step: 0, items: 1))
        let key = ItemKey(step: 0, item: 0)
        let broken = StepError(code: "provider_unavailable", message: "away", retriable: true)
        world.send(.failed(key, token: 1, broken))
        #expect(world.state.steps[0].items[0].status == .waiting)
        #expect(world.state.nextDueMs == world.now + 1_000)
        world.now += 1_000
        world.send(.tick)
        #expect(world.commands.contains { if case .dispatch(key, 2, 2, _) = $0 { true } else { false } })
        world.send(.failed(key, token: 2, broken))
        world.now += 2_000
        world.send(.tick)
        world.send(.failed(key, token: 3, broken))
        #expect(world.state.status == .failed)
        #expect(world.state.error == broken)
        world.send(.retry)
        #expect(world.state.status == .running)
        #expect(world.commands.contains { if case .dispatch(key, 1, 4, _) = $0 { true } else { false } })
    }

    @Test("an error that cannot be mended by trying again fails the run at once and calls back what is out")
    func permanent() {
        var world = World(definition: .sample)
        world.send(.start)
        world.send(.planned(step: 0, items: 2))
        let refused = StepError(code: "bad_input", message: "no", retriable: false)
        world.send(.failed(ItemKey(step: 0, item: 0), token: 1, refused))
        #expect(world.commands == [.abort(ItemKey(step: 0, item: 1), token: 2), .end(.failed)])
    }

    @Test("late, doubled and stale results change nothing")
    func fencing() {
        var world = World(definition: .sample)
        world.send(.start)
        world.send(.planned(step: 0, items: 1))
        let key = ItemKey(step: 0, item: 0)
        world.now += WorkflowDefinition.defaultTimeoutMs
        world.send(.tick)
        #expect(world.commands == [.abort(key, token: 1)])
        world.now += 1_000
        world.send(.tick)
        let before = world.state
        world.send(.succeeded(key, token: 1, output: "late"))
        #expect(world.state == before)
        world.send(.succeeded(key, token: 2, output: "right"))
        let after = world.state
        world.send(.succeeded(key, token: 2, output: "twice"))
        world.send(.start)
        #expect(world.state == after)
        world.send(.cancel)
        let cancelled = world.state
        world.send(.planned(step: 1, items: 3))
        world.send(.tick)
        #expect(world.state == cancelled)
    }

    @Test("a run that takes too long ends by its deadline")
    func deadline() {
        var world = World(definition: .sample)
        world.send(.start)
        world.now += WorkflowDefinition.defaultDeadlineMs
        world.send(.tick)
        #expect(world.state.status == .failed)
        #expect(world.state.error?.code == "deadline_exceeded")
    }

    @Test("whatever comes in whatever order, the rules hold and the run can be brought to its end", arguments: 0..<8)
    func anyOrder(block: Int) {
        // 8 × 4,000 runs × about 100 events: three million events, each checked. The seed is the argument.
        var random = SeededRandom(seed: UInt64(block) &* 0x9E37_79B9 &+ 1)
        for _ in 0..<4_000 {
            var world = World(definition: .random(&random))
            for _ in 0..<random.below(160) + 20 {
                world.sendRandom(&random)
                if !world.check() { return }
            }
            world.finish(&random)
            #expect(world.state.status.isFinal, "seed \(block): the run does not come to its end")
        }
    }
}

/// A run with the world around it: what was dispatched, and what the rules say of it.
private struct World {
    let machine: RunMachine
    var state: RunState
    var now: Int64 = 1_000_000
    var commands: [RunCommand] = []
    /// Attempts that were dispatched and neither answered nor called back.
    var out: [ItemKey: Int64] = [:]
    var tokens: Set<Int64> = []
    var ended = 0
    var restarted = 0

    init(definition: WorkflowDefinition) {
        machine = RunMachine(definition: definition)
        state = RunState(definition: definition)
    }

    mutating func send(_ event: RunEvent) {
        let before = state
        (state, commands) = machine.apply(event, to: state, nowMs: now)
        if before.status.isFinal, state.status == .running { restarted += 1 }
        if case .succeeded(let key, let token, _) = event, out[key] == token { out[key] = nil }
        if case .failed(let key, let token, _) = event, out[key] == token { out[key] = nil }
        for command in commands {
            switch command {
            case .dispatch(let key, let attempt, let token, let deadline):
                let limit = machine.definition.steps[key.step].maxAttempts ?? WorkflowDefinition.defaultAttempts
                if attempt > limit { Issue.record("attempt \(attempt) of \(limit)") }
                if !tokens.insert(token).inserted { Issue.record("token \(token) was given twice") }
                if out.updateValue(token, forKey: key) != nil { Issue.record("\(key) was sent out twice") }
                if deadline <= now { Issue.record("a deadline in the past") }
            case .abort(let key, let token):
                if out[key] == token { out[key] = nil } else { Issue.record("called back what was not out") }
            case .end: ended += 1
            case .plan: break
            }
        }
    }

    /// The rules that hold after every event.
    func check() -> Bool {
        let limit = machine.definition.maxParallel ?? WorkflowDefinition.defaultParallel
        var holds = state.runningItems <= limit && state.runningItems == out.count
        holds = holds && (!state.status.isFinal || out.isEmpty)
        holds = holds && ended == restarted + (state.status.isFinal ? 1 : 0)
        for (index, step) in state.steps.enumerated() where step.phase == .active || step.phase == .succeeded {
            let needed = machine.definition.steps[index].after ?? []
            holds =
                holds
                && needed.allSatisfy { name in
                    machine.definition.steps.firstIndex { $0.id == name }.map { state.steps[$0].hasEnded } ?? false
                }
        }
        #expect(holds, "\(state)")
        return holds
    }

    mutating func sendRandom(_ random: inout SeededRandom) {
        let step = random.below(state.steps.count)
        let item = random.below(4)
        let key = out.keys.isEmpty || random.below(4) == 0 ? ItemKey(step: step, item: item) : pick(&random)
        let token = random.below(5) == 0 ? Int64(random.below(20)) : (out[key] ?? Int64(random.below(40)))
        let error = StepError(code: "x", message: "x", retriable: random.below(4) != 0)
        now += Int64(random.below(3_000))
        switch random.below(24) {
        case 0...2: send(.start)
        case 3...6: send(.planned(step: step, items: random.below(5) == 0 ? nil : random.below(6)))
        case 7: send(.planFailed(step: step, error))
        case 8, 9: send(.progressed(key, token: token, percent: random.below(120)))
        case 10...15: send(.succeeded(key, token: token, output: "o"))
        case 16...18: send(.failed(key, token: token, error))
        case 19, 20: send(.tick)
        case 21: if random.below(12) == 0 { send(.cancel) }
        case 22: send(.retry)
        default:
            now += Int64(random.below(400_000))
            send(.tick)
        }
    }

    /// Answers everything that the run still asks for.
    mutating func finish(_ random: inout SeededRandom) {
        send(.start)
        for _ in 0..<2_000 where !state.status.isFinal {
            if let (key, token) = out.sorted(by: { ($0.key.step, $0.key.item) < ($1.key.step, $1.key.item) }).first {
                send(.succeeded(key, token: token, output: "o"))
            } else if let step = state.steps.firstIndex(where: { $0.phase == .planning }) {
                send(.planned(step: step, items: random.below(3)))
            } else if let due = state.nextDueMs {
                now = max(now, due)
                send(.tick)
            } else {
                return
            }
            if !check() { return }
        }
    }

    private func pick(_ random: inout SeededRandom) -> ItemKey {
        let keys = out.keys.sorted { ($0.step, $0.item) < ($1.step, $1.item) }
        return keys[random.below(keys.count)]
    }
}

extension WorkflowDefinition {
    fileprivate static let sample = WorkflowDefinition(
        id: "sample", version: 1, title: "Sample", input: [:],
        steps: [
            Step(id: "a", agent: "echo", worker: .ml, input: .null),
            Step(id: "b", agent: "echo", worker: .ml, after: ["a"], forEach: "$steps.a", input: "$item"),
            Step(id: "c", agent: "echo", worker: .ml, after: ["a"], when: "$steps.a", input: .null),
            Step(id: "d", agent: "echo", worker: .media, after: ["b", "c"], input: .null),
        ], outputs: [:])

    fileprivate static func random(_ random: inout SeededRandom) -> WorkflowDefinition {
        let count = random.below(6) + 1
        let steps = (0..<count).map { index in
            Step(
                id: "s\(index)", agent: "echo", worker: .ml,
                after: (0..<index).filter { _ in random.below(2) == 0 }.map { "s\($0)" }, input: .null,
                maxAttempts: random.below(4) + 1, timeoutMs: Int64(random.below(300_000) + 1))
        }
        return WorkflowDefinition(
            id: "random", version: 1, title: "Random", input: [:], steps: steps, outputs: [:],
            maxParallel: random.below(5) + 1, deadlineMs: 3_600_000)
    }
}

extension SeededRandom {
    fileprivate mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
