internal import COpenSSL
import Vocabulary

/// The TLS handshake with an https proxy, with a deadline over the whole of it.
struct ProxyTLSHandshake {
    let proxy: ProxySettings
    let socket: Int32
    /// Microseconds of the monotonic clock.
    let deadline: Int64

    /// - Throws: `DialFailure` with cause `policy` when the settings themselves cannot work.
    func run(_ settings: ProxyTLS) throws(DialFailure) -> TLSStream {
        let context = unsafe try makeSSLContext(TLSContext.Key(proxy, settings))
        defer { unsafe SSL_CTX_free(context) }
        let stream = unsafe try TLSStream(on: socket, to: proxy.host, context: context)
        while true {
            switch stream.shakeHands() {
            case .done: return stream
            case .wait(let events):
                guard waitFor(events, on: socket, until: deadline) else {
                    throw failure(.timeout, "did not finish in time", .broken)
                }
            case .ended: throw failure(.proxy, "was ended by the proxy", .broken)
            case .certificateRefused(let alert):
                throw failure(.proxy, "was ended by the proxy with the alert \"\(alert)\"", .certificateRefused)
            case .failed(let reason):
                if let problem = stream.verificationProblem {
                    throw failure(.proxy, "failed: its certificate was refused: \(problem)", .untrusted)
                }
                throw failure(
                    .proxy, "failed: \(reason); if the proxy expects no TLS, its URL begins with http://", .broken)
            }
        }
    }

    private func failure(_ cause: MoveCause, _ words: String, _ problem: ProxyProblem) -> DialFailure {
        DialFailure(cause, "the TLS handshake with the proxy \(proxy.origin) \(words)", proxyProblem: problem)
    }
}
