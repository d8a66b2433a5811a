/// Packages a server offers.
public struct PackagesAvailable: Hashable, Sendable {
    /// By name.
    public var packages: [String: PackageAvailable]
    public var allPackagesHash: [UInt8]

    public init(packages: [String: PackageAvailable] = [:], allPackagesHash: [UInt8] = []) {
        self.packages = packages
        self.allPackagesHash = allPackagesHash
    }
}

/// One package on offer.
public struct PackageAvailable: Hashable, Sendable {
    public var type: PackageType
    public var version: String
    public var file: DownloadableFile?
    public var hash: [UInt8]

    public init(
        type: PackageType = .topLevel,
        version: String = "",
        file: DownloadableFile? = nil,
        hash: [UInt8] = []
    ) {
        self.type = type
        self.version = version
        self.file = file
        self.hash = hash
    }
}

/// Where a package's file is fetched from, and how it is checked.
public struct DownloadableFile: Hashable, Sendable {
    public var downloadURL: String
    public var contentHash: [UInt8]
    public var signature: [UInt8]
    public var headers: Headers?

    public init(
        downloadURL: String = "",
        contentHash: [UInt8] = [],
        signature: [UInt8] = [],
        headers: Headers? = nil
    ) {
        self.downloadURL = downloadURL
        self.contentHash = contentHash
        self.signature = signature
        self.headers = headers
    }
}

/// What became of the packages on offer.
public struct PackageStatuses: Hashable, Sendable {
    /// By name, the same as in the value.
    public var packages: [String: PackageStatus]
    public var serverProvidedAllPackagesHash: [UInt8]
    /// An error that belongs to no single package.
    public var errorMessage: String

    public init(
        packages: [String: PackageStatus] = [:],
        serverProvidedAllPackagesHash: [UInt8] = [],
        errorMessage: String = ""
    ) {
        self.packages = packages
        self.serverProvidedAllPackagesHash = serverProvidedAllPackagesHash
        self.errorMessage = errorMessage
    }
}

/// One package on the agent's side.
public struct PackageStatus: Hashable, Sendable {
    public var name: String
    public var agentHasVersion: String
    public var agentHasHash: [UInt8]
    public var serverOfferedVersion: String
    public var serverOfferedHash: [UInt8]
    public var status: PackageStatusEnum
    public var errorMessage: String
    public var downloadDetails: PackageDownloadDetails?

    public init(
        name: String = "",
        agentHasVersion: String = "",
        agentHasHash: [UInt8] = [],
        serverOfferedVersion: String = "",
        serverOfferedHash: [UInt8] = [],
        status: PackageStatusEnum = .installed,
        errorMessage: String = "",
        downloadDetails: PackageDownloadDetails? = nil
    ) {
        self.name = name
        self.agentHasVersion = agentHasVersion
        self.agentHasHash = agentHasHash
        self.serverOfferedVersion = serverOfferedVersion
        self.serverOfferedHash = serverOfferedHash
        self.status = status
        self.errorMessage = errorMessage
        self.downloadDetails = downloadDetails
    }
}

/// Progress of a download.
public struct PackageDownloadDetails: Hashable, Sendable {
    /// 0 to 100. A negative zero is sent as zero.
    public var downloadPercent: Double
    public var downloadBytesPerSecond: Double

    public init(downloadPercent: Double = 0, downloadBytesPerSecond: Double = 0) {
        self.downloadPercent = downloadPercent
        self.downloadBytesPerSecond = downloadBytesPerSecond
    }
}
