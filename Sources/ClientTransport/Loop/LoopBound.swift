/// Carries what belongs to the loop through a closure that must be sendable.
///
/// Safe because such closures are given to the loop only, which runs them on the thread the value lives on.
struct LoopBound<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
