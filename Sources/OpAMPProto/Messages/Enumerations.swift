/// An enumeration of the wire: numbers nobody has named yet are kept, so that what is read can be written again.
public protocol WireEnumeration: RawRepresentable, Hashable, Sendable where RawValue == Int32 {
    /// The named cases; a case's number is its place in this list.
    static var named: [Self] { get }
    static func unrecognized(_ number: Int32) -> Self
    init(rawValue: Int32)
}

extension WireEnumeration {
    /// A named number never becomes `.unrecognized`.
    public init(rawValue: Int32) {
        let named = Self.named
        self = named.indices.contains(Int(rawValue)) ? named[Int(rawValue)] : .unrecognized(rawValue)
    }
}

/// What became of a remote configuration.
public enum RemoteConfigStatuses: WireEnumeration {
    case unset, applied, applying, failed
    case unrecognized(Int32)

    public static let named: [Self] = [.unset, .applied, .applying, .failed]

    public var rawValue: Int32 {
        switch self {
        case .unset: 0
        case .applied: 1
        case .applying: 2
        case .failed: 3
        case .unrecognized(let number): number
        }
    }
}

/// What became of offered connection settings.
public enum ConnectionSettingsStatuses: WireEnumeration {
    case unset, applied, applying, failed
    case unrecognized(Int32)

    public static let named: [Self] = [.unset, .applied, .applying, .failed]

    public var rawValue: Int32 {
        switch self {
        case .unset: 0
        case .applied: 1
        case .applying: 2
        case .failed: 3
        case .unrecognized(let number): number
        }
    }
}

/// The kind of a server's error.
public enum ServerErrorResponseType: WireEnumeration {
    case unknown, badRequest, unavailable
    case unrecognized(Int32)

    public static let named: [Self] = [.unknown, .badRequest, .unavailable]

    public var rawValue: Int32 {
        switch self {
        case .unknown: 0
        case .badRequest: 1
        case .unavailable: 2
        case .unrecognized(let number): number
        }
    }
}

/// An order to the agent.
public enum CommandType: WireEnumeration {
    case restart
    case unrecognized(Int32)

    public static let named: [Self] = [.restart]

    public var rawValue: Int32 {
        switch self {
        case .restart: 0
        case .unrecognized(let number): number
        }
    }
}

/// The agent itself, or an addition to it.
public enum PackageType: WireEnumeration {
    case topLevel, addon
    case unrecognized(Int32)

    public static let named: [Self] = [.topLevel, .addon]

    public var rawValue: Int32 {
        switch self {
        case .topLevel: 0
        case .addon: 1
        case .unrecognized(let number): number
        }
    }
}

/// How far a package's installation is.
public enum PackageStatusEnum: WireEnumeration {
    case installed, installPending, installing, installFailed, downloading
    case unrecognized(Int32)

    public static let named: [Self] = [.installed, .installPending, .installing, .installFailed, .downloading]

    public var rawValue: Int32 {
        switch self {
        case .installed: 0
        case .installPending: 1
        case .installing: 2
        case .installFailed: 3
        case .downloading: 4
        case .unrecognized(let number): number
        }
    }
}
