import Glibc

/// How many sockets of this process have their other end at that port of 127.0.0.1.
public func ownSockets(connectedTo port: Int) -> Int {
    (0..<4096).count { (descriptor: Int32) in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isConnected = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe getpeername(descriptor, pointer, &length) == 0
            }
        }
        guard isConnected, address.sin_family == sa_family_t(AF_INET) else { return false }
        return Int(UInt16(bigEndian: address.sin_port)) == port
    }
}
