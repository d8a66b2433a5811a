import Synchronization

final class Locked<Value>: Sendable {
    private let value: Mutex<Value>
    init(_ value: sending Value) { self.value = Mutex(value) }
    func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result { value.withLock(body) }
}
