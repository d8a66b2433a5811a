import Glibc
import HostSystem

/// The bytes of a connected, non-blocking socket, behind TLS or not. Nothing here waits, and the socket belongs to somebody
/// else.
protocol ByteStream: AnyObject {
    /// Of TLS; without TLS there is nothing to do.
    func shakeHands() -> StreamStep<Void>
    /// - Returns: how many bytes came, never none.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamStep<Int>
    /// - Returns: how many of the bytes were taken.
    func write(_ bytes: ArraySlice<UInt8>) -> StreamStep<Int>
    /// Tells the other side that nothing follows, as far as the socket takes it now.
    func sayEnd()
    /// Of TLS, as OpenSSL writes it; `nil` without TLS.
    var version: String? { get }
}

/// What one call came to.
enum StreamStep<Value> {
    case done(Value)
    /// Again when the descriptor is ready for these events of `poll`.
    case wait(Int16)
    /// - Parameter isClean: the other side has said that nothing more comes.
    case ended(isClean: Bool)
    case failed(String)
    /// TLS only: the other side refused our certificate, or that we presented none.
    case certificateRefused(String)

    func map<Other>(_ change: (Value) -> Other) -> StreamStep<Other> {
        switch self {
        case .done(let value): .done(change(value))
        case .wait(let events): .wait(events)
        case .ended(let isClean): .ended(isClean: isClean)
        case .failed(let reason): .failed(reason)
        case .certificateRefused(let reason): .certificateRefused(reason)
        }
    }
}

extension ByteStream {
    func read(upTo limit: Int) -> StreamStep<[UInt8]> {
        var step = StreamStep<Int>.wait(0)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, used in
            step = unsafe read(into: UnsafeMutableRawBufferPointer(buffer))
            if case .done(let count) = step { used = count }
        }
        return step.map { _ in bytes }
    }
}

/// A socket without TLS, or one end of a pair of sockets.
final class PlainStream: ByteStream {
    private let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func shakeHands() -> StreamStep<Void> { .done(()) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamStep<Int> {
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .done(count) }
        return count == 0 ? .ended(isClean: true) : Self.problem(errno, Int16(POLLIN))
    }

    func write(_ bytes: ArraySlice<UInt8>) -> StreamStep<Int> {
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        return count >= 0 ? .done(count) : Self.problem(errno, Int16(POLLOUT))
    }

    func sayEnd() {}

    var version: String? { nil }

    private static func problem(_ code: Int32, _ events: Int16) -> StreamStep<Int> {
        code == EAGAIN || code == EINTR ? .wait(events) : .failed("\(SystemError(code: code))")
    }
}
