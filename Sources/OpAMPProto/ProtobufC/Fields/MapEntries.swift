// Maps are lists of entries on the wire, each a message of its own.

import COpAMPMessages

extension ComponentHealth {
    struct ComponentHealthMapEntry: @unsafe MapEntry {
        var key = ""
        var value: ComponentHealth?

        static var absentValue: ComponentHealth { ComponentHealth() }
    }
}

extension ComponentHealth.ComponentHealthMapEntry: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ComponentHealth__ComponentHealthMapEntry

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__component_health__component_health_map_entry__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.message(&value.value, &packed.value)
    }
}

extension AgentConfigMap {
    struct ConfigMapEntry: @unsafe MapEntry {
        var key = ""
        var value: AgentConfigFile?

        static var absentValue: AgentConfigFile { AgentConfigFile() }
    }
}

extension AgentConfigMap.ConfigMapEntry: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AgentConfigMap__ConfigMapEntry

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__agent_config_map__config_map_entry__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.message(&value.value, &packed.value)
    }
}

extension ConnectionSettingsOffers {
    struct OtherConnectionsEntry: @unsafe MapEntry {
        var key = ""
        var value: OtherConnectionSettings?

        static var absentValue: OtherConnectionSettings { OtherConnectionSettings() }
    }
}

extension ConnectionSettingsOffers.OtherConnectionsEntry: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ConnectionSettingsOffers__OtherConnectionsEntry

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__connection_settings_offers__other_connections_entry__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.message(&value.value, &packed.value)
    }
}

extension OtherConnectionSettings {
    struct OtherSettingsEntry: @unsafe MapEntry {
        var key = ""
        var value: String?

        static var absentValue: String { "" }
    }
}

extension OtherConnectionSettings.OtherSettingsEntry: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__OtherConnectionSettings__OtherSettingsEntry

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__other_connection_settings__other_settings_entry__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        var text = value.value ?? ""
        try unsafe pen.text(&text, &packed.value)
        value.value = text
    }
}

extension PackagesAvailable {
    struct PackagesEntry: @unsafe MapEntry {
        var key = ""
        var value: PackageAvailable?

        static var absentValue: PackageAvailable { PackageAvailable() }
    }
}

extension PackagesAvailable.PackagesEntry: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__PackagesAvailable__PackagesEntry

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__packages_available__packages_entry__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.message(&value.value, &packed.value)
    }
}

extension PackageStatuses {
    struct PackagesEntry: @unsafe MapEntry {
        var key = ""
        var value: PackageStatus?

        static var absentValue: PackageStatus { PackageStatus() }
    }
}

extension PackageStatuses.PackagesEntry: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__PackageStatuses__PackagesEntry

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__package_statuses__packages_entry__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.message(&value.value, &packed.value)
    }
}

extension AvailableComponents {
    struct ComponentsEntry: @unsafe MapEntry {
        var key = ""
        var value: ComponentDetails?

        static var absentValue: ComponentDetails { ComponentDetails() }
    }
}

extension AvailableComponents.ComponentsEntry: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__AvailableComponents__ComponentsEntry

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__available_components__components_entry__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.message(&value.value, &packed.value)
    }
}

extension ComponentDetails {
    struct SubComponentMapEntry: @unsafe MapEntry {
        var key = ""
        var value: ComponentDetails?

        static var absentValue: ComponentDetails { ComponentDetails() }
    }
}

extension ComponentDetails.SubComponentMapEntry: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__ComponentDetails__SubComponentMapEntry

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__component_details__sub_component_map_entry__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.key, &packed.key)
        try unsafe pen.message(&value.value, &packed.value)
    }
}
