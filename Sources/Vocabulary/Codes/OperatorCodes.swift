/// The areas of all codes, but for those of the listener.
package enum OperatorCodes {
    package static let areas: [any OperatorCode.Type] = [
        AddressCode.self, AuditCode.self, SigningKeyCode.self, CallCode.self, CertificateCode.self, FederationCode.self,
        FileCode.self, FleetCode.self, HandoverCode.self, AuthorityFailureCode.self, NotFoundCode.self,
        OperatorAccessCode.self, PEMCode.self, RequestCode.self, ServerFailureCode.self, StartCode.self,
        StorageCode.self, TrustBundleCode.self, WireCode.self,
    ]

    /// What no server says.
    package static let agentAreas: [any OperatorCode.Type] = [
        ConfigurationCode.self, EnrolmentCode.self, OfferCode.self, StateCode.self, TransportCode.self,
    ]

    /// What neither a server nor an agent says.
    package static let toolAreas: [any OperatorCode.Type] = [RecorderCode.self]
}
