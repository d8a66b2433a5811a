import Glibc
import HostSystem

/// A connected socket made ahead of its dial. Nothing is sent over it before the dial takes it.
final class PreparedSocket: Sendable {
    /// Servers give up a connection that stays silent.
    static let lifetime = Duration.seconds(2)

    let dial: SocketDial
    private let socket: PosixLock<Int32?>

    init(_ dial: SocketDial, _ socket: Int32) {
        self.dial = dial
        self.socket = PosixLock(socket)
    }

    /// Gives it away; `nil` when the other side has ended it.
    func take() -> Int32? {
        socket.withLock { socket -> Int32? in
            guard let taken = socket else { return nil }
            var byte: UInt8 = 0
            guard unsafe recv(taken, &byte, 1, Int32(MSG_PEEK)) < 0, errno == EAGAIN else { return nil }
            socket = nil
            return taken
        }
    }

    deinit {
        if let socket = socket.withLock({ $0 }) { close(socket) }
    }
}

extension EventLoop {
    /// Dials ahead, on another thread. Whatever fails is dialled again, and told, by the dial itself.
    func prepareSocket(_ dial: SocketDial) {
        guard isOpen else { return }
        do throws(SystemError) {
            try DetachedThread.start {
                guard case .success(let socket) = dial.connect() else { return }
                let made = PreparedSocket(dial, socket)
                self.perform {
                    guard self.isOpen else { return }
                    self.preparedSocket = made
                    self.wake(after: PreparedSocket.lifetime) {
                        if self.preparedSocket === made { self.preparedSocket = nil }
                    }
                }
            }
        } catch {}
    }

    /// What was prepared for this dial, to be closed by the caller; what was prepared for another goes.
    func takePreparedSocket(for dial: SocketDial) -> Int32? {
        let prepared = preparedSocket
        preparedSocket = nil
        return prepared.flatMap { $0.dial.isSame(as: dial) ? $0.take() : nil }
    }
}
