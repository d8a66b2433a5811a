import Certificates
import OpAMPProto
import Vocabulary

/// The header set of an offer, the token taken out.
struct OfferedHeaders {
    var fields: [HeaderField] = []
    var token: String?

    static func read(_ offered: Headers) throws(OfferRefusal) -> OfferedHeaders {
        var result = OfferedHeaders()
        var size = 0
        for header in offered.headers {
            if header.key.lowercased() == MoveHeader.handoverToken.lowercased() {
                guard result.token == nil else { throw .badHeader(MoveHeader.handoverToken) }
                result.token = header.value
                continue
            }
            size += header.key.utf8.count + header.value.utf8.count + 4
            result.fields.append(try field(header))
        }
        guard result.fields.count <= Limits.offeredHeaders, size <= Limits.headerSectionBytes / 2 else {
            throw .tooManyHeaders
        }
        return result
    }

    /// RFC 9110 sections 5.1 and 5.5; an offer may not set a name that controls the connection itself.
    static func field(_ header: Header) throws(OfferRefusal) -> HeaderField {
        let shown = String(header.key.prefix(64).filter { $0.isASCII && !$0.isNewline })
        guard FieldName.isWellFormed(header.key) else { throw .badHeader(shown) }
        guard !FieldName.isReserved(header.key) else { throw .badHeader(shown) }
        let value = header.value.utf8
        guard value.allSatisfy({ $0 == 9 || 32...126 ~= $0 || $0 > 127 }), value.first != 32, value.last != 32 else {
            throw .badHeader(shown)
        }
        return HeaderField(header.key, Secret(header.value))
    }
}

enum OfferedTLS {
    static func apply(
        _ tls: TLSConnectionSettings, to settings: inout ConnectionSettings, policy: OfferPolicy
    ) throws(OfferRefusal) {
        guard !tls.insecureSkipVerify || policy.allowsSkippingVerification else { throw .skipsVerification }
        settings.skipsVerification = tls.insecureSkipVerify
        if !tls.caPEMContents.isEmpty || tls.includeSystemCACertsPool {
            // Neither set: the trust stays as it is, it never becomes "nobody".
            var anchors = CertificateBundle([])
            if !tls.caPEMContents.isEmpty {
                do { anchors = try CertificateBundle(pem: tls.caPEMContents) } catch { throw .badCABundle }
            }
            settings.trust = ServerTrust(anchors: anchors, includesSystemRoots: tls.includeSystemCACertsPool)
        }
        let minimum = try version(tls.minVersion) ?? settings.tls.minimum
        let maximum = try version(tls.maxVersion) ?? settings.tls.maximum
        guard tls.minVersion.isEmpty || minimum >= policy.minimumTLS else { throw .tlsTooOld(tls.minVersion) }
        guard minimum <= maximum else { throw .badTLSVersion(String(tls.maxVersion.prefix(16))) }
        for suite in tls.cipherSuites where !knownSuites.contains(suite) {
            throw .unknownCipherSuite(String(suite.prefix(64)))
        }
        let suites = tls.cipherSuites.isEmpty ? settings.tls.cipherSuites : tls.cipherSuites
        settings.tls = TLSBounds(minimum: minimum, maximum: maximum, cipherSuites: suites)
    }

    private static func version(_ text: String) throws(OfferRefusal) -> TLSVersion? {
        switch text {
        case "": return nil
        case "1.2", "TLSv1.2": return .tls12
        case "1.3", "TLSv1.3": return .tls13
        case "1.0", "1.1", "TLSv1", "TLSv1.0", "TLSv1.1": throw .tlsTooOld(text)
        default: throw .badTLSVersion(String(text.prefix(16)))
        }
    }

    /// IANA names with forward secrecy and authenticated encryption; no other suite is worth a connection.
    private static let knownSuites: Set<String> = [
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ]
}

enum OfferedProxy {
    /// A URL, or a bare `host:port` (OpAMP, ProxyConnectionSettings.url). The agent connects there, so the list of allowed
    /// endpoints holds for it.
    static func read(
        _ offered: ProxyConnectionSettings, policy: OfferPolicy
    ) throws(OfferRefusal) -> ProxySettings {
        let address: Endpoint
        do { address = try ProxySettings.address(offered.url) } catch { throw .badProxy }
        guard policy.allows(address) else { throw .endpointNotAllowed(address) }
        var fields: [HeaderField] = []
        for header in offered.connectHeaders?.headers ?? [] {
            // The one name that belongs here and nowhere else.
            if header.key.lowercased() == "proxy-authorization" {
                let value = try OfferedHeaders.field(Header(key: "Authorization", value: header.value)).value
                fields.append(HeaderField(header.key, value))
            } else {
                fields.append(try OfferedHeaders.field(header))
            }
        }
        guard fields.count <= Limits.offeredHeaders else { throw .tooManyHeaders }
        return ProxySettings(address: address, connectHeaders: fields)
    }
}
