import COpAMPMessages

extension AgentToServer: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AgentToServer

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__agent_to_server__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.instanceUID, &packed.instance_uid)
        unsafe pen.number(&value.sequenceNumber, &packed.sequence_num)
        try unsafe pen.message(&value.agentDescription, &packed.agent_description)
        unsafe pen.bits(&value.capabilities, &packed.capabilities)
        try unsafe pen.message(&value.health, &packed.health)
        try unsafe pen.message(&value.effectiveConfig, &packed.effective_config)
        try unsafe pen.message(&value.remoteConfigStatus, &packed.remote_config_status)
        try unsafe pen.message(&value.packageStatuses, &packed.package_statuses)
        var disconnect = value.agentDisconnect ? AgentDisconnect() : nil
        try unsafe pen.message(&disconnect, &packed.agent_disconnect)
        value.agentDisconnect = disconnect != nil
        unsafe pen.bits(&value.flags, &packed.flags)
        try unsafe pen.message(&value.connectionSettingsRequest, &packed.connection_settings_request)
        try unsafe pen.message(&value.customCapabilities, &packed.custom_capabilities)
        try unsafe pen.message(&value.customMessage, &packed.custom_message)
        try unsafe pen.message(&value.availableComponents, &packed.available_components)
        try unsafe pen.message(&value.connectionSettingsStatus, &packed.connection_settings_status)
    }
}

extension ConnectionSettingsRequest: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ConnectionSettingsRequest

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__connection_settings_request__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.message(&value.opamp, &packed.opamp)
    }
}

extension OpAMPConnectionSettingsRequest: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__OpAMPConnectionSettingsRequest

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__op_ampconnection_settings_request__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.message(&value.certificateRequest, &packed.certificate_request)
    }
}

extension CertificateRequest: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__CertificateRequest

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__certificate_request__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.csr, &packed.csr)
    }
}

/// The empty message behind `AgentToServer.agentDisconnect`.
struct AgentDisconnect {}

extension AgentDisconnect: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AgentDisconnect

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__agent_disconnect__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
    }
}
