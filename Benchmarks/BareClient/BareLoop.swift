internal import CEpoll
import Glibc

/// One thread, any number of connections. Everything happens inside `run`.
public final class BareLoop {
    private let epoll: Int32
    private var connections: [Int32: BareConnection] = [:]

    public init() throws(BareFailure) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .system("epoll_create1", errno) }
        // A server that hangs up is an error of one write, not the end of the program.
        _ = signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        dropAll()
        Glibc.close(epoll)
    }

    /// Begins to connect and returns.
    ///
    /// - Parameter headers: of the upgrade request, or of every POST.
    public func dial(
        _ destination: BareDestination, as identity: BareIdentity?, over transport: BareConnection.Transport,
        headers: [(String, String)] = [], _ events: BareConnection.Events
    ) throws(BareFailure) -> BareConnection {
        let connection = try BareConnection(
            destination, identity: identity, transport: transport, headers: headers, events: events)
        let socket = connection.socket
        connections[socket] = connection
        try control(EPOLL_CTL_ADD, socket, connection.interest)
        connection.changed = { [unowned self] connection in
            if connection.isEnded {
                connections[socket] = nil
            } else {
                try? control(EPOLL_CTL_MOD, socket, connection.interest)
            }
        }
        return connection
    }

    /// - Parameter pause: how long it may wait for the network before it asks `isDone` again, in milliseconds.
    /// - Throws: `.late` when it is not done in time.
    public func run(
        _ what: String, within limit: Duration = .seconds(60), pause: Int32 = 100, until isDone: () -> Bool
    ) throws(BareFailure) {
        let deadline = ContinuousClock.now + limit
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 256)
        while !isDone() {
            let count = unsafe epoll_wait(epoll, &events, Int32(events.count), pause)
            if count < 0, errno != EINTR { throw .system("epoll_wait", errno) }
            for index in 0..<max(0, Int(count)) {
                let socket = unsafe events[index].data.fd
                connections[socket]?.advance()
            }
            if count <= 0, ContinuousClock.now > deadline { throw .late(what) }
        }
    }

    /// Hangs up on everybody without a word.
    public func dropAll() {
        for connection in connections.values { connection.drop() }
        connections = [:]
    }

    private func control(_ operation: Int32, _ socket: Int32, _ interest: UInt32) throws(BareFailure) {
        var event = unsafe epoll_event(events: interest, data: epoll_data_t(fd: socket))
        guard unsafe epoll_ctl(epoll, operation, socket, &event) == 0 else { throw .system("epoll_ctl", errno) }
    }
}
