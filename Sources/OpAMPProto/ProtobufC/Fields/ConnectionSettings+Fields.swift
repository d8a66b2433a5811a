import COpAMPMessages

extension ConnectionSettingsOffers: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ConnectionSettingsOffers

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__connection_settings_offers__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.hash, &packed.hash)
        try unsafe pen.message(&value.opamp, &packed.opamp)
        try unsafe pen.message(&value.ownMetrics, &packed.own_metrics)
        try unsafe pen.message(&value.ownTraces, &packed.own_traces)
        try unsafe pen.message(&value.ownLogs, &packed.own_logs)
        try unsafe pen.map(
            ConnectionSettingsOffers.OtherConnectionsEntry.self, &value.otherConnections, &packed.n_other_connections,
            &packed.other_connections)
    }
}

extension OpAMPConnectionSettings: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__OpAMPConnectionSettings

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__op_ampconnection_settings__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.destinationEndpoint, &packed.destination_endpoint)
        try unsafe pen.message(&value.headers, &packed.headers)
        try unsafe pen.message(&value.certificate, &packed.certificate)
        unsafe pen.number(&value.heartbeatIntervalSeconds, &packed.heartbeat_interval_seconds)
        try unsafe pen.message(&value.tls, &packed.tls)
        try unsafe pen.message(&value.proxy, &packed.proxy)
    }
}

extension TelemetryConnectionSettings: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__TelemetryConnectionSettings

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__telemetry_connection_settings__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.destinationEndpoint, &packed.destination_endpoint)
        try unsafe pen.message(&value.headers, &packed.headers)
        try unsafe pen.message(&value.certificate, &packed.certificate)
        try unsafe pen.message(&value.tls, &packed.tls)
        try unsafe pen.message(&value.proxy, &packed.proxy)
    }
}

extension OtherConnectionSettings: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__OtherConnectionSettings

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__other_connection_settings__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.destinationEndpoint, &packed.destination_endpoint)
        try unsafe pen.message(&value.headers, &packed.headers)
        try unsafe pen.message(&value.certificate, &packed.certificate)
        try unsafe pen.map(
            OtherConnectionSettings.OtherSettingsEntry.self, &value.otherSettings, &packed.n_other_settings,
            &packed.other_settings)
        try unsafe pen.message(&value.tls, &packed.tls)
        try unsafe pen.message(&value.proxy, &packed.proxy)
    }
}

extension Headers: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__Headers

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__headers__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.list(&value.headers, &packed.n_headers, &packed.headers)
    }
}

extension Header: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__Header

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__header__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.text(&value.value, &packed.value)
    }
}

extension TLSCertificate: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__TLSCertificate

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__tlscertificate__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.cert, &packed.cert)
        try unsafe pen.bytes(&value.privateKey, &packed.private_key)
        try unsafe pen.bytes(&value.caCert, &packed.ca_cert)
    }
}

extension TLSConnectionSettings: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__TLSConnectionSettings

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__tlsconnection_settings__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.caPEMContents, &packed.ca_pem_contents)
        unsafe pen.flag(&value.includeSystemCACertsPool, &packed.include_system_ca_certs_pool)
        unsafe pen.flag(&value.insecureSkipVerify, &packed.insecure_skip_verify)
        try unsafe pen.text(&value.minVersion, &packed.min_version)
        try unsafe pen.text(&value.maxVersion, &packed.max_version)
        try unsafe pen.texts(&value.cipherSuites, &packed.n_cipher_suites, &packed.cipher_suites)
    }
}

extension ProxyConnectionSettings: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ProxyConnectionSettings

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__proxy_connection_settings__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.url, &packed.url)
        try unsafe pen.message(&value.connectHeaders, &packed.connect_headers)
    }
}

extension ConnectionSettingsStatus: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ConnectionSettingsStatus

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__connection_settings_status__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.lastConnectionSettingsHash, &packed.last_connection_settings_hash)
        unsafe pen.choice(&value.status, &packed.status)
        try unsafe pen.text(&value.errorMessage, &packed.error_message)
    }
}
