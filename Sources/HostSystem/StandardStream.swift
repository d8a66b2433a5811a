import Glibc

/// Standard output and standard error of the program.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes the line and a line feed in one call, so that lines of several threads do not mix. Nobody can be told
    /// when it fails.
    package func write(line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(rawValue, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
