import COpAMPMessages

extension PackagesAvailable: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__PackagesAvailable

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__packages_available__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.map(PackagesAvailable.PackagesEntry.self, &value.packages, &packed.n_packages, &packed.packages)
        try unsafe pen.bytes(&value.allPackagesHash, &packed.all_packages_hash)
    }
}

extension PackageAvailable: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__PackageAvailable

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__package_available__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        unsafe pen.choice(&value.type, &packed.type)
        try unsafe pen.text(&value.version, &packed.version)
        try unsafe pen.message(&value.file, &packed.file)
        try unsafe pen.bytes(&value.hash, &packed.hash)
    }
}

extension DownloadableFile: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__DownloadableFile

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__downloadable_file__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.downloadURL, &packed.download_url)
        try unsafe pen.bytes(&value.contentHash, &packed.content_hash)
        try unsafe pen.bytes(&value.signature, &packed.signature)
        try unsafe pen.message(&value.headers, &packed.headers)
    }
}

extension PackageStatuses: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__PackageStatuses

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__package_statuses__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.map(PackageStatuses.PackagesEntry.self, &value.packages, &packed.n_packages, &packed.packages)
        try unsafe pen.bytes(&value.serverProvidedAllPackagesHash, &packed.server_provided_all_packages_hash)
        try unsafe pen.text(&value.errorMessage, &packed.error_message)
    }
}

extension PackageStatus: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__PackageStatus

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__package_status__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        try unsafe pen.text(&value.name, &packed.name)
        try unsafe pen.text(&value.agentHasVersion, &packed.agent_has_version)
        try unsafe pen.bytes(&value.agentHasHash, &packed.agent_has_hash)
        try unsafe pen.text(&value.serverOfferedVersion, &packed.server_offered_version)
        try unsafe pen.bytes(&value.serverOfferedHash, &packed.server_offered_hash)
        unsafe pen.choice(&value.status, &packed.status)
        try unsafe pen.text(&value.errorMessage, &packed.error_message)
        try unsafe pen.message(&value.downloadDetails, &packed.download_details)
    }
}

extension PackageDownloadDetails: @unsafe WireMessage {
    typealias Packed = Opamp__Proto__V1__PackageDownloadDetails

    static var unset: Self { Self() }

    static func blank(_ packed: UnsafeMutablePointer<Packed>) {
        unsafe opamp__proto__v1__package_download_details__init(packed)
    }

    static func align<P: Pen>(_ value: inout Self, _ packed: inout Packed, _ pen: P) throws(WireFailure) {
        unsafe pen.number(&value.downloadPercent, &packed.download_percent)
        unsafe pen.number(&value.downloadBytesPerSecond, &packed.download_bytes_per_second)
    }
}
