import COpAMPMessages

extension EffectiveConfig: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__EffectiveConfig

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__effective_config__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.message(&value.configMap, &packed.config_map)
    }
}

extension AgentRemoteConfig: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AgentRemoteConfig

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__agent_remote_config__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.message(&value.config, &packed.config)
        try unsafe pen.bytes(&value.configHash, &packed.config_hash)
    }
}

extension AgentConfigMap: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AgentConfigMap

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__agent_config_map__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.map(
            AgentConfigMap.ConfigMapEntry.self, &value.configMap, &packed.n_config_map, &packed.config_map)
    }
}

extension AgentConfigFile: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AgentConfigFile

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__agent_config_file__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.body, &packed.body)
        try unsafe pen.text(&value.contentType, &packed.content_type)
    }
}

extension RemoteConfigStatus: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__RemoteConfigStatus

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__remote_config_status__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.bytes(&value.lastRemoteConfigHash, &packed.last_remote_config_hash)
        unsafe pen.choice(&value.status, &packed.status)
        try unsafe pen.text(&value.errorMessage, &packed.error_message)
    }
}
