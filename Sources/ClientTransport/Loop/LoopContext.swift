internal import CWebSockets
import Glibc

/// libwebsockets counts an OpenSSL index up in a global whenever a context comes or goes. The value says whether it logs
/// nothing any more; an empty value would stand at the lock's own address, which every use of the lock reads, and the thread
/// sanitizer would take each body for a change of it.
private let contextLock = PosixLock(false)

/// No listener, no extensions, no change of user, small tables, and no limit on the header pool: libwebsockets 4.1
/// aborts when that runs out.
func makeContext(connectionLimit: Int) -> OpaquePointer? {
    unsafe contextLock.withLock { isSilent in
        if !isSilent { lws_set_log_level(0, nil) }
        isSilent = true
        var info = unsafe lws_context_creation_info()
        unsafe info.port = CONTEXT_PORT_NO_LISTEN
        unsafe info.options = UInt64(LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS)
        unsafe info.uid = -1
        unsafe info.gid = -1
        unsafe info.count_threads = 1
        // Its own event descriptors come on top.
        unsafe info.fd_limit_per_thread = UInt32(clamping: connectionLimit + 8)
        unsafe info.pt_serv_buf_size = 16 * 1024
        unsafe info.max_http_header_data2 = 16 * 1024
        // Every deadline is ours; libwebsockets' own must never come first.
        unsafe info.timeout_secs = 3600
        unsafe info.connect_timeout_secs = 3600
        return unsafe lws_create_context(&info)
    }
}

func destroyContext(_ context: OpaquePointer) {
    contextLock.withLock { _ in unsafe lws_context_destroy(context) }
}

/// The moment at which libwebsockets stops waiting: one of its timers, which does nothing but wake the loop.
@safe struct LoopDeadline {
    /// libwebsockets hands the first member back, so it has to stand first.
    @unsafe private struct Storage {
        var timer = unsafe lws_sorted_usec_list_t()
        var context: OpaquePointer
        var armed: Int64?
    }

    private let storage: UnsafeMutablePointer<Storage>

    init(context: OpaquePointer) {
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: Storage(context: context))
    }

    /// - Parameter deadline: microseconds of the monotonic clock.
    func set(_ deadline: Int64?, in context: OpaquePointer) {
        guard unsafe deadline != storage.pointee.armed else { return }
        unsafe storage.pointee.armed = deadline
        let timer = unsafe UnsafeMutableRawPointer(storage).assumingMemoryBound(to: lws_sorted_usec_list_t.self)
        guard let deadline else {
            unsafe lws_sul_cancel(timer)
            return
        }
        let delay = max(1, deadline - monotonicMicroseconds())
        unsafe lws_sul_schedule(
            context, 0, timer,
            { timer in
                let storage = unsafe UnsafeMutableRawPointer(timer)?.assumingMemoryBound(to: Storage.self)
                guard let storage = unsafe storage else { return }
                unsafe storage.pointee.armed = nil
                unsafe lws_cancel_service(storage.pointee.context)
            }, delay)
    }

    /// After this the context may go.
    func free() {
        unsafe lws_sul_cancel(UnsafeMutableRawPointer(storage).assumingMemoryBound(to: lws_sorted_usec_list_t.self))
        unsafe storage.deallocate()
    }
}
