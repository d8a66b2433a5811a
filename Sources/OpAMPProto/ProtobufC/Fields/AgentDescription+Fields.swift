import COpAMPMessages

extension AgentDescription: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AgentDescription

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__agent_description__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.list(
            &value.identifyingAttributes, &packed.n_identifying_attributes, &packed.identifying_attributes)
        try unsafe pen.list(
            &value.nonIdentifyingAttributes, &packed.n_non_identifying_attributes, &packed.non_identifying_attributes)
    }
}

extension KeyValue: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__KeyValue

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__key_value__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.message(&value.value, &packed.value)
    }
}
