import Foundation
import NIOCore
package import Vocabulary

/// The listener could not be bound to its address.
package struct BindFailure: Error, Hashable, OperatorCoded {
    package enum Reason: String, OperatorCode {
        package static let area = "listener"

        case inUse = "address-in-use"
        case notOurs = "address-not-ours"
        case hostUnknown = "address-host-unknown"
        case notPermitted = "address-not-permitted"
        case other = "address-not-bound"
    }

    package let address: String
    package let reason: Reason
    /// What the system says where no reason fits.
    private let detail: String

    init(_ error: any Error, host: String, port: Int) {
        address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        var (reason, detail) = (Reason.other, "\(error)")
        if error is SocketAddressError.UnknownHost { reason = .hostUnknown }
        if let error = error as? IOError {
            reason = Self.reasons[error.errnoCode] ?? .other
            detail = error.description
        }
        (self.reason, self.detail) = (reason, detail)
    }

    private static let reasons: [CInt: Reason] = [
        EADDRINUSE: .inUse, EADDRNOTAVAIL: .notOurs, EACCES: .notPermitted, EPERM: .notPermitted,
    ]

    package typealias Code = Reason

    package var words: Words {
        let (cause, nextAction) = text
        return (reason, "The server cannot listen on \(address)", cause, nextAction)
    }

    private var text: (cause: String, nextAction: String) {
        switch reason {
        case .inUse:
            (
                "Another process listens on \(address).",
                "Find it with `ss -ltnp` and stop it, or choose another port with --listen."
            )
        case .notOurs:
            (
                "No network interface of this machine has the address of \(address).",
                "Set --listen to an address that `ip address` shows, and --public-endpoint to what agents connect to."
            )
        case .hostUnknown:
            (
                "The host name in \(address) cannot be resolved.",
                "Set --listen to an IP address of this machine, or correct the name."
            )
        case .notPermitted:
            (
                "This user may not listen on \(address).",
                "Choose a port from 1024 with --listen, or give the program the capability CAP_NET_BIND_SERVICE."
            )
        case .other:
            ("The system says: \(detail.printable(upTo: 200)).", "Check the address and port of --listen.")
        }
    }
}
