import NIOCore
import ServerStorage

/// The way from an event loop to the database and back, without a task.
extension ServerDatabase {
    func write<Value: Sendable>(
        on eventLoop: any EventLoop, _ body: @escaping @Sendable (StorageTransaction) throws -> Value
    ) -> EventLoopFuture<Value> {
        let promise = eventLoop.makePromise(of: Value.self)
        write(body) { promise.completeWith($0) }
        return promise.futureResult
    }
}
