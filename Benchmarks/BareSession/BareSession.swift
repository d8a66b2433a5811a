internal import CWebSockets
import Glibc

/// The least that a session of an agent can be: libwebsockets and its TLS, a certificate, one message, and then nothing. What
/// an idle agent takes is compared with it.
@main struct BareSession {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let port = Int32(arguments[1]) else {
            print("usage: bare-session PORT CA LEAF KEY")
            exit(2)
        }
        unsafe run(port: port, authority: copy(arguments[2]), leaf: copy(arguments[3]), key: copy(arguments[4]))
    }

    /// libwebsockets keeps the pointers.
    private static func copy(_ text: String) -> UnsafePointer<CChar>? { unsafe UnsafePointer(strdup(text)) }

    private static func run(
        port: Int32, authority: UnsafePointer<CChar>?, leaf: UnsafePointer<CChar>?, key: UnsafePointer<CChar>?
    ) {
        lws_set_log_level(0, nil)
        var info = unsafe lws_context_creation_info()
        unsafe info.port = CONTEXT_PORT_NO_LISTEN
        unsafe info.options = UInt64(LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT)
        unsafe info.protocols = protocols
        unsafe info.fd_limit_per_thread = 16
        unsafe info.client_ssl_ca_filepath = authority
        unsafe info.client_ssl_cert_filepath = leaf
        unsafe info.client_ssl_private_key_filepath = key
        guard let context = unsafe lws_create_context(&info) else { exit(1) }
        unsafe "127.0.0.1".withCString { host in
            unsafe "/v1/opamp".withCString { path in
                var dial = unsafe lws_client_connect_info()
                unsafe dial.context = context
                unsafe dial.address = host
                unsafe dial.host = host
                unsafe dial.port = port
                unsafe dial.path = path
                unsafe dial.ietf_version_or_minus_one = -1
                unsafe dial.local_protocol_name = protocols.pointee.name
                unsafe dial.ssl_connection = Int32(bitPattern: LCCSCF_USE_SSL.rawValue)
                if unsafe lws_client_connect_via_info(&dial) == nil { exit(1) }
            }
        }
        while unsafe lws_service(context, 0) >= 0 {}
    }
}

private nonisolated(unsafe) let protocols: UnsafePointer<lws_protocols> = {
    let protocols = UnsafeMutablePointer<lws_protocols>.allocate(capacity: 2)
    unsafe protocols.initialize(repeating: lws_protocols(), count: 2)
    unsafe protocols[0].name = UnsafePointer(strdup("opamp"))
    unsafe protocols[0].rx_buffer_size = 4096
    unsafe protocols[0].callback = { wsi, reason, _, _, _ in
        switch reason {
        case LWS_CALLBACK_CLIENT_ESTABLISHED: unsafe lws_callback_on_writable(wsi)
        case LWS_CALLBACK_CLIENT_WRITEABLE:
            let room = shim_LWS_PRE()
            var frame = [UInt8](repeating: 7, count: room + 300)
            let sent = unsafe frame.withUnsafeMutableBufferPointer { frame in
                unsafe lws_write(wsi, frame.baseAddress.map { unsafe $0 + room }, 300, LWS_WRITE_BINARY)
            }
            return sent < 300 ? -1 : 0
        case LWS_CALLBACK_CLIENT_RECEIVE:
            print("answered")
            fflush(nil)
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR, LWS_CALLBACK_CLIENT_CLOSED: exit(1)
        default: break
        }
        return 0
    }
    return unsafe UnsafePointer(protocols)
}()
