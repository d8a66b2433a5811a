// The three messages that travel or are hashed on their own. Equal values have equal bytes: fields in the order of
// their numbers, maps in the order of their keys' bytes.

extension AgentToServer {
    /// - Throws: whatever makes `bytes` unfit, before more than `limits` allow has been spent on them.
    public init(decoding bytes: [UInt8], limits: WireLimits = .standard) throws(WireFailure) {
        self = try unsafe Self.decode(bytes[...], limits)
    }

    /// As `init(decoding:limits:)`, without a copy of what `FrameHeader.unframed` returns.
    public init(decoding bytes: ArraySlice<UInt8>, limits: WireLimits = .standard) throws(WireFailure) {
        self = try unsafe Self.decode(bytes, limits)
    }

    /// - Throws: what the limits forbid, and `textWithNUL`.
    public func encoded(limits: WireLimits = .standard) throws(WireFailure) -> [UInt8] {
        try unsafe encode(limits)
    }
}

extension ServerToAgent {
    /// - Throws: whatever makes `bytes` unfit, before more than `limits` allow has been spent on them.
    public init(decoding bytes: [UInt8], limits: WireLimits = .standard) throws(WireFailure) {
        self = try unsafe Self.decode(bytes[...], limits)
    }

    /// As `init(decoding:limits:)`, without a copy of what `FrameHeader.unframed` returns.
    public init(decoding bytes: ArraySlice<UInt8>, limits: WireLimits = .standard) throws(WireFailure) {
        self = try unsafe Self.decode(bytes, limits)
    }

    /// - Throws: what the limits forbid, and `textWithNUL`.
    public func encoded(limits: WireLimits = .standard) throws(WireFailure) -> [UInt8] {
        try unsafe encode(limits)
    }
}

extension ConnectionSettingsOffers {
    /// - Throws: whatever makes `bytes` unfit, before more than `limits` allow has been spent on them.
    public init(decoding bytes: [UInt8], limits: WireLimits = .standard) throws(WireFailure) {
        self = try unsafe Self.decode(bytes[...], limits)
    }

    /// The bytes an offer's hash is made of when `hash` is empty.
    ///
    /// - Throws: what the limits forbid, and `textWithNUL`.
    public func encoded(limits: WireLimits = .standard) throws(WireFailure) -> [UInt8] {
        try unsafe encode(limits)
    }
}
