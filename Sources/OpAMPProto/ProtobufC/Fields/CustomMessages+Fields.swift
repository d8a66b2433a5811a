import COpAMPMessages

extension CustomCapabilities: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__CustomCapabilities

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__custom_capabilities__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.texts(&value.capabilities, &packed.n_capabilities, &packed.capabilities)
    }
}

extension CustomMessage: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__CustomMessage

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__custom_message__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.capability, &packed.capability)
        try unsafe pen.text(&value.type, &packed.type)
        try unsafe pen.bytes(&value.data, &packed.data)
    }
}
