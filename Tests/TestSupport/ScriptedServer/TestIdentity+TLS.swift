public import Certificates
public import TestPKI
import Vocabulary

extension TestAuthority {
    /// A listener's TLS for `ScriptedServer`.
    public func tls(
        _ names: [String] = ["localhost", "127.0.0.1"], validity: Validity = .always,
        clientCertificate: ScriptedServer.TLS.ClientCertificate = .asked, maximumVersionIs1_2: Bool = false
    ) throws -> ScriptedServer.TLS {
        try listener(names, validity: validity)
            .tls(clientCertificate: clientCertificate, maximumVersionIs1_2: maximumVersionIs1_2)
    }
}

extension TestIdentity {
    public func tls(
        clientCertificate: ScriptedServer.TLS.ClientCertificate = .asked, maximumVersionIs1_2: Bool = false
    ) -> ScriptedServer.TLS {
        ScriptedServer.TLS(
            certificates: [certificate.der], keyPEM: key.pem.revealText(), clientCertificate: clientCertificate,
            maximumVersionIs1_2: maximumVersionIs1_2)
    }
}
