import Glibc
import HostSystem

/// The two calls with which a dial reaches for the network. Tests put others in their place.
struct Network: Sendable {
    /// The addresses of a host name, in the order in which to try them. May wait long.
    let resolve: @Sendable (_ host: String, _ port: UInt16) -> Result<[SocketAddress], NameProblem>
    /// A non-blocking socket whose connection stands or is under way.
    let connect: @Sendable (SocketAddress) -> Result<Int32, SystemError>

    static let system = Network(resolve: addresses(of:port:), connect: { $0.connect() })
}

/// Why a name has no addresses.
struct NameProblem: Error {
    let words: String
    /// The resolver did not get an answer.
    var isTemporary = false
}

private func addresses(of host: String, port: UInt16) -> Result<[SocketAddress], NameProblem> {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICSERV
    var first: UnsafeMutablePointer<addrinfo>?
    let problem = unsafe getaddrinfo(host, String(port), &hints, &first)
    guard problem == 0 else {
        if problem == EAI_SYSTEM { return .failure(NameProblem(words: "\(SystemError(code: errno))")) }
        let words = unsafe gai_strerror(problem).map { unsafe String(cString: $0) }
        return .failure(NameProblem(words: words ?? "error \(problem)", isTemporary: problem == EAI_AGAIN))
    }
    defer { unsafe freeaddrinfo(first) }
    var addresses: [SocketAddress] = []
    var next = unsafe first
    while let entry = unsafe next {
        unsafe addresses.append(SocketAddress(entry.pointee))
        unsafe next = entry.pointee.ai_next
    }
    return .success(addresses)
}
