import COpAMPMessages

extension AvailableComponents: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AvailableComponents

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__available_components__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.map(
            AvailableComponents.ComponentsEntry.self, &value.components, &packed.n_components, &packed.components)
        try unsafe pen.bytes(&value.hash, &packed.hash)
    }
}

extension ComponentDetails: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ComponentDetails

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__component_details__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.list(&value.metadata, &packed.n_metadata, &packed.metadata)
        try unsafe pen.map(
            ComponentDetails.SubComponentMapEntry.self, &value.subComponentMap, &packed.n_sub_component_map,
            &packed.sub_component_map)
    }
}
