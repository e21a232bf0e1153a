/// Carries a reference to something of a loop's through other threads, which only carry it back.
final class LoopBox<Value: AnyObject>: @unchecked Sendable {  // Read on the loop's own thread only.
    private(set) weak var value: Value?
    init(_ value: Value) { self.value = value }
}
