import Synchronization

/// An object of libcrypto that is made from its encoding when it is first wanted, and kept from then on.
///
/// A parsed certificate with its key takes ten times the memory of its bytes, and a server holds one for every connected
/// agent, of which it wants nothing but what was read from it.
final class Lazily<Object: Sendable>: Sendable {
    private let object: Mutex<Object?>
    private let make: @Sendable () -> Object

    /// - Parameter object: where it is there already.
    init(_ object: Object? = nil, make: @escaping @Sendable () -> Object) {
        self.object = Mutex(object)
        self.make = make
    }

    /// For one use: the one that is kept, or one that is not.
    var once: Object { object.withLock { $0 } ?? make() }

    var value: Object {
        object.withLock { object in
            if let object { return object }
            let made = make()
            object = made
            return made
        }
    }
}
