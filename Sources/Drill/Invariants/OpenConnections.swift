import Foundation

/// The kernel's own view of a process's connections.
enum OpenConnections {
    /// Counts the sockets that were established all the while between two readings of the kernel's table.
    ///
    /// - Parameter known: what the last look at this process counted. A socket keeps its remote end until it is closed, so
    ///   a process with no other socket than that one has no other connection, and the table, which the kernel walks
    ///   through whole for each reading, is not needed.
    /// - Returns: nil when the process cannot be looked at (it has just ended, or this is not Linux).
    static func count(of process: Int32, to ports: Set<Int>, known: inout Set<String>) -> Int? {
        guard let sockets = sockets(of: process) else { return nil }
        if sockets.count < 2, sockets.isSubset(of: known) { return sockets.count }
        known = []
        guard let lasting = lasting(of: process, to: ports) else { return nil }
        known = lasting
        return lasting.count
    }

    private static func lasting(of process: Int32, to ports: Set<Int>) -> Set<String>? {
        guard let before = wholeText(of: "/proc/\(process)/net/tcp") else { return nil }
        let first = sockets(in: before, to: ports)
        // The table is the whole network's, and most of it is of other processes.
        let own = first.isEmpty ? [] : sockets(of: process)
        guard let own, let after = wholeText(of: "/proc/\(process)/net/tcp") else { return nil }
        let held = first.intersection(own)
        return held.isEmpty ? [] : held.intersection(sockets(in: after, to: ports))
    }

    /// The established connections to these ports, each by its inode.
    ///
    /// One table may list a socket several times: it is read in pages, and between two of them the kernel finds its place
    /// again by position while other connections come and go. An inode is one socket.
    static func sockets(in table: String, to ports: Set<Int>) -> Set<String> {
        Set(rows(of: table).filter { $0.isEstablished && ports.contains($0.remotePort) }.map(\.inode))
    }

    /// The folder is not listed: Foundation copies each `dirent` whole (280 bytes) out of the buffer of `readdir`, where the
    /// last ones are shorter, and so reads behind the buffer's end; a process with 1,300 descriptors crashed of it. Every
    /// descriptor is below the size of the table that proc(5) `/proc/pid/status` tells.
    private static func sockets(of process: Int32) -> Set<String>? {
        let line = wholeText(of: "/proc/\(process)/status")?.split(separator: "\n").first { $0.hasPrefix("FDSize:") }
        guard let size = line?.split(whereSeparator: \.isWhitespace).last.flatMap({ Int($0) }) else { return nil }
        let targets = (0..<size).compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")
        }
        return Set(
            targets.filter { $0.hasPrefix("socket:[") }.map { String($0.dropFirst("socket:[".count).dropLast()) })
    }

    /// Files below /proc have no size, and a single read of one gives its first page only.
    private static func wholeText(of path: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        var bytes = Data()
        while let more = try? handle.read(upToCount: 1 << 16), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    struct Row: Hashable {
        var remotePort: Int
        var isEstablished: Bool
        var inode: String
    }

    /// Reads the columns of proc(5) `/proc/net/tcp`: 2 is the remote address, 3 the state (01 is ESTABLISHED), 9 the inode.
    static func rows(of table: String) -> [Row] {
        table.utf8.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { line in
            let columns = line.split(separator: UInt8(ascii: " "), maxSplits: 10)
            guard columns.count > 9, let hex = columns[2].split(separator: UInt8(ascii: ":")).last,
                let port = Int(Substring(hex), radix: 16)
            else { return nil }
            return Row(
                remotePort: port, isEstablished: columns[3].elementsEqual("01".utf8),
                inode: String(Substring(columns[9])))
        }
    }
}
