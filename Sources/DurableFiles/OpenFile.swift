internal import Glibc

/// The one owner of one file descriptor; it is closed when the owner goes.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    let path: String

    /// - Parameter flags: with `O_NOFOLLOW` what `path` itself is, never what a link there points to.
    init(_ path: String, flags: Int32) throws(FileFailure) {
        descriptor = try Self.retrying(path, .open) { unsafe Glibc.open(path, flags | O_CLOEXEC) }
        self.path = path
    }

    /// Opens or creates an entry of a directory; a link there is not followed.
    ///
    /// - Parameter shownName: the name that failures mention, if another one.
    init(
        _ name: String, shownAs shownName: String? = nil, in directory: borrowing OpenFile, flags: Int32,
        mode: mode_t = 0
    ) throws(FileFailure) {
        let (path, parent) = (directory.path(of: shownName ?? name), directory.descriptor)
        descriptor = try Self.retrying(path, flags & O_CREAT == 0 ? .open : .create) {
            unsafe openat(parent, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
        }
        self.path = path
    }

    deinit { close(descriptor) }

    func path(of name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

    func status() throws(FileFailure) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .system(path, .inspect) }
        return status
    }

    /// - Parameter owner: `nil` for this process's user and group.
    func belong(to owner: Owner?, mode: mode_t) throws(FileFailure) {
        if let owner, fchown(descriptor, owner.user, owner.group) != 0 { throw .system(path, .create) }
        // The umask must not decide who can read it.
        guard fchmod(descriptor, mode) == 0 else { throw .system(path, .create) }
    }

    func sync() throws(FileFailure) {
        _ = try Self.retrying(path, .sync) { fsync(descriptor) }
    }

    func write(_ bytes: [UInt8]) throws(FileFailure) {
        var written = 0
        while written < bytes.count {
            written += try Self.retrying(path, .write) {
                unsafe bytes[written...].withUnsafeBytes { rest in
                    unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                }
            }
        }
    }

    /// Everything from the current position on.
    func readAll(limit: Int) throws(FileFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count: Int
            do throws(FileFailure) {
                count = try Self.retrying(path, .read) { unsafe Glibc.read(descriptor, &chunk, chunk.count) }
            } catch {
                guard case .system(_, _, EAGAIN) = error else { throw error }
                try waitForBytes()
                continue
            }
            guard count > 0 else { return bytes }
            guard bytes.count + count <= limit else { throw .tooLarge(path: path, limit: limit) }
            bytes += chunk[..<count]
        }
    }

    /// Of a pipe or terminal that was opened without waiting.
    private func waitForBytes() throws(FileFailure) {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = try Self.retrying(path, .read) { unsafe poll(&request, 1, -1) }
    }

    /// A signal that arrives meanwhile is no failure.
    private static func retrying<Count: FixedWidthInteger>(
        _ path: String, _ operation: FileFailure.Operation, _ call: () -> Count
    ) throws(FileFailure) -> Count {
        while true {
            let result = call()
            if result >= 0 { return result }
            guard errno == EINTR else { throw .system(path, operation) }
        }
    }
}
