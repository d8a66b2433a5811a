import COpAMPMessages

extension ServerToAgent: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ServerToAgent

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__server_to_agent__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.instanceUID, &packed.instance_uid)
        try unsafe pen.message(&value.errorResponse, &packed.error_response)
        try unsafe pen.message(&value.remoteConfig, &packed.remote_config)
        try unsafe pen.message(&value.connectionSettings, &packed.connection_settings)
        try unsafe pen.message(&value.packagesAvailable, &packed.packages_available)
        unsafe pen.bits(&value.flags, &packed.flags)
        unsafe pen.bits(&value.capabilities, &packed.capabilities)
        try unsafe pen.message(&value.agentIdentification, &packed.agent_identification)
        try unsafe pen.message(&value.command, &packed.command)
        try unsafe pen.message(&value.customCapabilities, &packed.custom_capabilities)
        try unsafe pen.message(&value.customMessage, &packed.custom_message)
    }
}

extension ServerErrorResponse: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ServerErrorResponse

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__server_error_response__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        unsafe pen.choice(&value.type, &packed.type)
        try unsafe pen.text(&value.errorMessage, &packed.error_message)
        try unsafe pen.message(&value.retryInfo, &packed.retry_info)
        unsafe packed.details_case =
            unsafe packed.retry_info == nil
            ? OPAMP__PROTO__V1__SERVER_ERROR_RESPONSE__DETAILS__NOT_SET
            : OPAMP__PROTO__V1__SERVER_ERROR_RESPONSE__DETAILS_RETRY_INFO
    }
}

extension RetryInfo: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__RetryInfo

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__retry_info__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        unsafe pen.number(&value.retryAfterNanoseconds, &packed.retry_after_nanoseconds)
    }
}

extension AgentIdentification: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AgentIdentification

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__agent_identification__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.newInstanceUID, &packed.new_instance_uid)
    }
}

extension ServerToAgentCommand: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ServerToAgentCommand

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__server_to_agent_command__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        unsafe pen.choice(&value.type, &packed.type)
    }
}
