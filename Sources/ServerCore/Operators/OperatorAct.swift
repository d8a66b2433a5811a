package import Vocabulary

extension Role {
    package func may(_ act: OperatorAct) -> Bool { self >= act.role }
}

/// Everything the operator interface lets somebody do.
package enum OperatorAct: String, CaseIterable, Sendable {
    case readFleet, readHandovers, readPeers, readAudit, readAuthority
    case assignAgents, editGroups, editConfigurations, manageBootstrapTokens, pingPeers
    case revokeLeaves, manageOperatorTokens, manageAuthority, managePeers, issueFederationCertificates
    case issueHandovers, redeemHandovers, endHandovers, verifyAudit, pruneAudit

    /// The least role that may: federation, PKI, issuing and redeeming are an admin's.
    package var role: Role {
        switch self {
        case .readFleet, .readHandovers, .readPeers, .readAudit, .readAuthority: .viewer
        case .assignAgents, .editGroups, .editConfigurations, .manageBootstrapTokens, .pingPeers: .operator
        case .revokeLeaves, .manageOperatorTokens, .manageAuthority, .managePeers, .issueFederationCertificates,
            .issueHandovers, .redeemHandovers, .endHandovers, .verifyAudit, .pruneAudit:
            .admin
        }
    }
}
