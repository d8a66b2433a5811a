import Glibc

/// A thread of this process that nobody waits for.
package enum DetachedThread {
    /// What the body returns, on a new one; the caller's is free meanwhile.
    ///
    /// - Throws: also when there is no thread.
    package static func result<Value: Sendable>(
        of body: @escaping @Sendable () throws(SystemError) -> Value
    ) async throws(SystemError) -> Value {
        let result: Result<Value, SystemError> = await withCheckedContinuation { continuation in
            do throws(SystemError) {
                try start { continuation.resume(returning: Result(catching: body)) }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Runs the body on a new one. It receives no signals: they belong to the host program, or to the thread that waits
    /// with `sigwait`.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var everySignal = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&everySignal)
        unsafe pthread_sigmask(SIG_SETMASK, &everySignal, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }

        // The thread takes the retain over; if there is no thread it is taken back below.
        let argument = unsafe Unmanaged.passRetained(ThreadBody(run: body))
        var thread = pthread_t()
        let problem = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard problem == 0 else {
            unsafe argument.release()
            throw SystemError(code: problem)
        }
        pthread_detach(thread)
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
