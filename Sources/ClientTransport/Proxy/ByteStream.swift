import Glibc
import HostSystem

/// A non-blocking connection.
protocol ByteStream: AnyObject {
    func read(upTo limit: Int) -> StreamStep<[UInt8]>
    /// - Returns: how many of the bytes were taken.
    func write(_ bytes: ArraySlice<UInt8>) -> StreamStep<Int>
}

/// What one call came to.
enum StreamStep<Value> {
    case done(Value)
    /// Again when the descriptor is ready for these events of `poll`.
    case wait(Int16)
    /// The other side has ended it.
    case ended
    case failed(String)
    /// TLS only: the other side refused our certificate, or that we presented none.
    case certificateRefused(String)

    func map<Other>(_ change: (Value) -> Other) -> StreamStep<Other> {
        switch self {
        case .done(let value): .done(change(value))
        case .wait(let events): .wait(events)
        case .ended: .ended
        case .failed(let reason): .failed(reason)
        case .certificateRefused(let reason): .certificateRefused(reason)
        }
    }
}

/// A socket, or one end of a pair of them. It does not own the descriptor.
final class SocketStream: ByteStream {
    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func read(upTo limit: Int) -> StreamStep<[UInt8]> {
        var count = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, used in
            count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            used = max(0, count)
        }
        if count > 0 { return .done(bytes) }
        return count == 0 ? .ended : Self.problem(errno, Int16(POLLIN))
    }

    func write(_ bytes: ArraySlice<UInt8>) -> StreamStep<Int> {
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        return count >= 0 ? .done(count) : Self.problem(errno, Int16(POLLOUT))
    }

    private static func problem<Value>(_ code: Int32, _ events: Int16) -> StreamStep<Value> {
        code == EAGAIN || code == EINTR ? .wait(events) : .failed("\(SystemError(code: code))")
    }
}
