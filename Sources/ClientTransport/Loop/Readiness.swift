internal import CEpoll
internal import CWebSockets
import Glibc
import HostSystem

/// Says when sockets that libwebsockets does not serve are ready. libwebsockets waits for one descriptor on behalf of all of
/// them, an epoll(7), so that the loop has one place where it sleeps.
///
/// Each change is told once: its reader goes on until the socket would block.
///
/// Safe because it is touched on the loop's thread only, and libwebsockets' pointer to it ends with the context.
@safe final class Readiness {
    /// As many as are told of at once.
    private static let batch = 32

    private let descriptor: Int32
    private var watchers: [UInt64: () -> Void] = [:]
    private var last: UInt64 = 0
    /// Something is ready. Told outside libwebsockets, so that whatever the watcher does is safe there.
    private var isDue = false

    /// - Throws: without a descriptor, or memory.
    init() throws(TransportFailure) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .socketNotCreated("\(SystemError(code: errno))") }
    }

    /// Has the context wait for it. The context closes the descriptor when it is destroyed.
    ///
    /// - Returns: whether it does.
    func attach(to context: OpaquePointer) -> Bool {
        var info = unsafe lws_context_creation_info()
        unsafe info.port = CONTEXT_PORT_NO_LISTEN
        unsafe info.protocols = readinessProtocols
        guard let vhost = unsafe lws_create_vhost(context, &info) else { return false }
        var adoption = unsafe lws_adopt_desc_t()
        unsafe adoption.vh = vhost
        unsafe adoption.type = LWS_ADOPT_RAW_FILE_DESC
        unsafe adoption.fd.filefd = descriptor
        unsafe adoption.vh_prot_name = readinessProtocols.pointee.name
        unsafe adoption.opaque = Unmanaged.passUnretained(self).toOpaque()
        return unsafe lws_adopt_descriptor_vhost_via_info(&adoption) != nil
    }

    fileprivate func wake() { isDue = true }

    /// Calls the body whenever the socket becomes readable or writable or breaks, until `forget` or the socket's close.
    ///
    /// - Throws: when the kernel takes no further one.
    func watch(_ socket: Int32, _ body: @escaping () -> Void) throws(SystemError) -> UInt64 {
        last += 1
        var event = unsafe epoll_event()
        unsafe event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        unsafe event.data.u64 = last
        guard unsafe epoll_ctl(descriptor, EPOLL_CTL_ADD, socket, &event) == 0 else { throw SystemError(code: errno) }
        watchers[last] = body
        return last
    }

    /// For a socket that is closed next.
    func forget(_ watch: UInt64) { watchers[watch] = nil }

    /// For a socket that goes on elsewhere.
    func release(_ socket: Int32, _ watch: UInt64) {
        forget(watch)
        _ = epoll_ctl(descriptor, EPOLL_CTL_DEL, socket, nil)
    }

    /// Tells whom it may concern.
    func tell() {
        guard isDue else { return }
        isDue = false
        let ready = unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.batch) { events in
            let count = unsafe epoll_wait(descriptor, events.baseAddress, Int32(events.count), 0)
            return unsafe events.prefix(max(0, Int(count))).map { unsafe $0.data.u64 }
        }
        for watch in ready { watchers[watch]?() }
    }
}

/// libwebsockets keeps the pointer, so it is made once and never freed.
private nonisolated(unsafe) let readinessProtocols: UnsafePointer<lws_protocols> = {
    let protocols = UnsafeMutablePointer<lws_protocols>.allocate(capacity: 2)
    unsafe protocols.initialize(repeating: lws_protocols(), count: 2)
    unsafe protocols[0].name = UnsafePointer(strdup("readiness"))
    unsafe protocols[0].callback = { wsi, reason, _, _, _ in
        guard reason == LWS_CALLBACK_RAW_RX_FILE, let own = unsafe lws_get_opaque_user_data(wsi) else { return 0 }
        unsafe Unmanaged<Readiness>.fromOpaque(own).takeUnretainedValue().wake()
        return 0
    }
    return unsafe UnsafePointer(protocols)
}()
