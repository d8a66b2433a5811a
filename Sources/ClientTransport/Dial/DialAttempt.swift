import Glibc
import HostSystem
import Vocabulary

/// One dial under way. Names and proxies are waited for on a dial thread, connections on the loop, so that a server that drops
/// every packet holds up no other dial. It lives on the loop's thread.
final class DialAttempt {
    private let dial: SocketDial
    private let loop: EventLoop
    /// Gone once it has been called, or nobody waits any more.
    private var receive: ((Result<Int32, DialFailure>) -> Void)?
    private var work: UInt64?

    private var addresses: ArraySlice<SocketAddress> = []
    private var problems: [(address: SocketAddress, error: SystemError)] = []
    /// Microseconds of the monotonic clock.
    private var deadline: Int64 = 0
    private var connecting: Connecting?
    /// To a proxy, until a thread has it.
    private var connected: Int32?

    /// A connection under way.
    private struct Connecting {
        let address: SocketAddress
        let socket: Int32
        let watch: UInt64
        let timer: LoopTimer
    }

    /// - Parameter receive: takes the connected socket over, or hears why there is none; never within this call.
    init(
        _ dial: SocketDial, on loop: EventLoop, _ receive: @escaping (Result<Int32, DialFailure>) -> Void
    ) {
        self.dial = dial
        self.loop = loop
        self.receive = receive
        onThread({ (dial.resolve(), nil) }, then: { $0.resolved($1) })
    }

    /// Nobody waits any more. A resolver cannot be stopped; what it says then is dropped.
    func cancel() {
        receive = nil
        if let work, loop.dialThreads.cancel(work), let connected { close(connected) }
        if let socket = endConnecting() { close(socket) }
    }

    // MARK: - Names

    private func resolved(_ result: Result<[SocketAddress], DialFailure>) {
        switch result {
        case .failure(let failure): finish(.failure(failure))
        case .success(let found):
            guard receive != nil else { return }
            addresses = found[...]
            deadline = monotonicMicroseconds() + dial.timeout.microseconds
            connectToNext()
        }
    }

    // MARK: - Connections

    /// Tries every address once, in turn; each gets its share of the time that is left. Whether and when to try again
    /// is the core's to say.
    private func connectToNext() {
        while let address = addresses.first {
            let share = max(1000, (deadline - monotonicMicroseconds()) / Int64(addresses.count))
            addresses = addresses.dropFirst()
            switch dial.network.connect(address) {
            case .success(let socket): return wait(for: socket, to: address, upTo: share)
            case .failure(let problem): problems.append((address, problem))
            }
        }
        finish(.failure(dial.notConnected(problems)))
    }

    private func wait(for socket: Int32, to address: SocketAddress, upTo limit: Int64) {
        do throws(SystemError) {
            let watch = try loop.readiness.watch(socket) { self.settled(SocketAddress.outcome(of: socket)) }
            let own = LoopBound(self)
            let timer = loop.wake(after: .microseconds(limit)) { own.value.settled(SystemError(code: ETIMEDOUT)) }
            connecting = Connecting(address: address, socket: socket, watch: watch, timer: timer)
        } catch {
            close(socket)
            problems.append((address, error))
            connectToNext()
        }
    }

    private func settled(_ problem: SystemError?) {
        guard let address = connecting?.address, let socket = endConnecting() else { return }
        guard let problem else { return connected(to: socket) }
        close(socket)
        problems.append((address, problem))
        connectToNext()
    }

    /// - Returns: the socket, which is the caller's now.
    private func endConnecting() -> Int32? {
        guard let connecting else { return nil }
        self.connecting = nil
        loop.readiness.release(connecting.socket, connecting.watch)
        connecting.timer.cancel()
        return connecting.socket
    }

    // MARK: - A proxy

    private func connected(to socket: Int32) {
        guard dial.hasProxy else { return finish(.success(socket)) }
        connected = socket
        let (dial, deadline) = (dial, deadline)
        onThread(
            {
                let result = dial.tunnel(on: socket, until: deadline)
                return (result.map(\.descriptor), (try? result.get())?.pump.map { pump in { pump.run() } })
            }, then: { $0.finish($1) })
    }

    private func finish(_ result: Result<Int32, DialFailure>) {
        guard let receive else {
            if case .success(let socket) = result { close(socket) }
            return
        }
        self.receive = nil
        receive(result)
    }

    // MARK: - Threads

    /// - Parameter body: runs on a dial thread; the second value is what that thread goes on with.
    private func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () -> (Result<Value, DialFailure>, (() -> Void)?),
        then: @escaping (DialAttempt, Result<Value, DialFailure>) -> Void
    ) {
        let own = LoopBound((self, then))
        do throws(SystemError) {
            work = try loop.dialThreads.run { [loop] in
                let (result, rest) = body()
                loop.perform {
                    own.value.0.work = nil
                    own.value.1(own.value.0, result)
                }
                return rest
            }
        } catch {
            if let connected { close(connected) }
            let failure = DialFailure(.tcp, "no thread for the dial: \(error)")
            loop.later { then(self, .failure(failure)) }
        }
    }
}
