import Glibc
import HostSystem

/// Stands in for every server: the listener to which libwebsockets connects when it believes it dials, an abstract
/// Unix socket whose name the kernel chooses. What it connects is replaced at once by a socket that we dialled
/// (`Link.wsiCreated`).
///
/// It leans on the order of events in libwebsockets 4.1 (connect, then WSI_CREATE, then TLS); a test pins it.
struct StandInListener {
    private let descriptor: Int32
    /// What libwebsockets takes as `address`.
    let address: String

    init() throws(TransportFailure) {
        do throws(SystemError) {
            let (descriptor, name) = try Self.listen()
            self.descriptor = descriptor
            self.address = "+@\(name)"
        } catch {
            throw .socketNotCreated("\(error)")
        }
    }

    private static func listen() throws(SystemError) -> (descriptor: Int32, name: String) {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0 else { throw SystemError(code: errno) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                // Bound with a family alone, the kernel gives a name that is free.
                unsafe bind(descriptor, pointer, socklen_t(MemoryLayout<sa_family_t>.size)) == 0
                    && Glibc.listen(descriptor, SOMAXCONN) == 0 && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isListening else {
            let problem = SystemError(code: errno)
            Glibc.close(descriptor)
            throw problem
        }
        let nameLength = Int(length) - MemoryLayout<sa_family_t>.size - 1
        let name = unsafe withUnsafeBytes(of: &address.sun_path) { path in
            unsafe String(decoding: path.dropFirst().prefix(nameLength), as: UTF8.self)
        }
        return (descriptor, name)
    }

    /// Takes the far ends of connections that are not used any more, and those of strangers: every process of the host may
    /// connect here, and could otherwise fill the queue so that our own connect finds no place.
    func drain() {
        while true {
            let other = accept(descriptor, nil, nil)
            guard other >= 0 else { return }
            Glibc.close(other)
        }
    }

    func close() { Glibc.close(descriptor) }
}
