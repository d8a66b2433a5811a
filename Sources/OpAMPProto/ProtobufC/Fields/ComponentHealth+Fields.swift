import COpAMPMessages

extension ComponentHealth: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ComponentHealth

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__component_health__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        unsafe pen.flag(&value.healthy, &packed.healthy)
        unsafe pen.number(&value.startTimeUnixNano, &packed.start_time_unix_nano)
        try unsafe pen.text(&value.lastError, &packed.last_error)
        try unsafe pen.text(&value.status, &packed.status)
        unsafe pen.number(&value.statusTimeUnixNano, &packed.status_time_unix_nano)
        try unsafe pen.map(
            ComponentHealth.ComponentHealthMapEntry.self, &value.componentHealthMap, &packed.n_component_health_map,
            &packed.component_health_map)
    }
}
