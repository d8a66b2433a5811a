import Vocabulary

extension HandoverClaims {
    /// The rules for the claims of every handover token, for every reader at any time. The signer checks them as well,
    /// so a source never issues a token that a target must refuse.
    func checkRules() throws(ClaimDefect) {
        for (claim, holds, reason) in rules() where !holds { throw ClaimDefect(claim, reason) }
    }

    private func rules() -> [(claim: String, holds: Bool, reason: ClaimDefect.Reason)] {
        [
            ("aud", audience != issuer, .audienceIsIssuer),
            ("exp", purpose.lifetimes.contains(expiresAt - issuedAt), .lifetime),
            ("nbf", notBefore < expiresAt, .outOfBounds),
            ("epoch", (1...Epoch(Int64.max)).contains(epoch), .outOfBounds),
            ("probation", Self.probations.contains(probation), .outOfBounds),
            ("capabilities", agent.capabilities <= UInt64(Int64.max), .outOfBounds),
            ("target.endpoint", target.endpoint.isTLS, .plaintext),
            ("target.name", isValidName(target.name), .unsafeText),
            ("source.name", isValidName(source.name), .unsafeText),
            ("display_name", isSafeFreeText(agent.displayName), .unsafeText),
            ("group", agent.group.map(isValidName) ?? true, .unsafeText),
            ("configuration", agent.configuration.map(isValidName) ?? true, .unsafeText),
            ("target.headers", target.headers.count <= Limits.offeredHeaders, .outOfBounds),
            ("target.headers", target.headers.allSatisfy(\.isWellFormed), .unsafeText),
        ]
    }
}

extension HeaderField {
    /// A field name of RFC 9110 section 5.1 and a value of section 5.5 in visible ASCII, space and tab.
    fileprivate var isWellFormed: Bool {
        let bytes = value.reveal()
        let blanks: [UInt8] = [0x20, 0x09]
        return FieldName.isWellFormed(name)
            && bytes.allSatisfy { (0x21...0x7E).contains($0) || blanks.contains($0) }
            && !blanks.contains(bytes.first ?? 0) && !blanks.contains(bytes.last ?? 0)
    }
}

/// 1 to 256 bytes that print as what they are.
private func isSafeFreeText(_ text: String) -> Bool {
    (1...256).contains(text.utf8.count) && text.unicodeScalars.allSatisfy(\.isPrintable)
}
