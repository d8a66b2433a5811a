extension EventLoop {
    /// For `nonisolated var unownedExecutor` of an actor that keeps this loop; the loop has to outlive the actor's jobs,
    /// and does while the actor holds it.
    @safe public var forActors: UnownedSerialExecutor { unsafe asUnownedSerialExecutor() }
}
