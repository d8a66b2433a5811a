import OpAMPProto
public import Vocabulary

// The text of the state file. Header values stand in it in the clear, which is why the file is the owner's alone.
extension AgentState {
    public static let version: Int64 = 4
    /// It had no failed offers, and answered every offer by its verdicts.
    private static let versionWithoutFailedOffers: Int64 = 1
    private static let versionWithoutFailedConfigurations: Int64 = 2
    /// It counted a leaf as applied when it was saved.
    private static let versionWithoutUnprovenLeaf: Int64 = 3

    public var json: JSON {
        .members([
            "version": .integer(Self.version),
            "instanceUID": .string(instanceUID.description),
            "awaitsInstanceUID": awaitsInstanceUID ? .bool(true) : nil,
            "active": active.json,
            "previous": previous?.json,
            "candidate": candidate?.json,
            "standby": standby?.json,
            "probation": probation?.json,
            "verdict": verdict?.json,
            "verdicts": .array(verdicts.map(\.json)),
            "failedOffers": .array(failedOffers.map(\.json)),
            "hostOffer": hostOffer?.json,
            "epoch": .string(String(epoch)),
            "handover": handoverID.map { .string($0.description) },
            "adoptions": .array(adoptions.map(JSON.time)),
            "remoteConfig": remoteConfigStatus?.json,
            "failedConfigurations": .array(failedConfigurations.map(\.json)),
            "hasAdopted": .bool(hasAdopted),
            "isEnrolled": .bool(isEnrolled),
            "unprovenLeaf": unprovenLeaf?.json,
            "configurationDigest": .hex(configurationDigest),
        ])
    }

    /// What `StateFile` keeps.
    public var encoded: [UInt8] { json.utf8 }

    /// The same, read back: what could not be read must not take the place of what can.
    ///
    /// - Throws: `StateRefusal` for a state whose text says something else, or nothing.
    public func encodedAndReadBack() throws(StateRefusal) -> [UInt8] {
        let bytes = encoded
        guard try AgentState(decoding: bytes) == self else { throw .malformed("state") }
        return bytes
    }

    public init(decoding bytes: [UInt8]) throws(StateRefusal) {
        let json: JSON
        do { json = try JSON(reading: bytes, sizeLimit: Limits.stateBytes) } catch { throw .notJSON(error) }
        try self.init(json: json)
    }

    public init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "state")
        let version = try reader.required("version", \.integer)
        guard (Self.versionWithoutFailedOffers...Self.version).contains(version) else { throw .unknownVersion(version) }
        instanceUID = try reader.required("instanceUID") { $0.string.flatMap { InstanceUID($0) } }
        active = try reader.object("active") { json throws(StateRefusal) in try ServerSettings(json: json) }
        previous = try reader.optionalObject("previous") { json throws(StateRefusal) in try ServerSettings(json: json) }
        candidate = try reader.optionalObject("candidate") { json throws(StateRefusal) in try Candidate(json: json) }
        standby = try reader.optionalObject("standby") { json throws(StateRefusal) in try StandbyGrant(json: json) }
        probation = try reader.optionalObject("probation") { json throws(StateRefusal) in try Probation(json: json) }
        verdict = try reader.optionalObject("verdict") { json throws(StateRefusal) in try Verdict(json: json) }
        verdicts = try reader.list("verdicts") { json throws(StateRefusal) in try Verdict(json: json) }
        if version > Self.versionWithoutFailedOffers {
            failedOffers = try reader.list("failedOffers") { json throws(StateRefusal) in try FailedOffer(json: json) }
        }
        hostOffer = try reader.optionalObject("hostOffer") { json throws(StateRefusal) in try HostOffer(json: json) }
        epoch = try reader.required("epoch") { $0.string.flatMap { Epoch($0) } }
        handoverID = try reader.optional("handover") { $0.string.flatMap { HandoverID($0) } }
        adoptions = try reader.list("adoptions") { json throws(StateRefusal) in
            guard let time = json.time else { throw .malformed("state.adoptions") }
            return time
        }
        remoteConfigStatus = try reader.optionalObject("remoteConfig") { json throws(StateRefusal) in
            try RemoteConfigStatus(json: json)
        }
        if version > Self.versionWithoutFailedConfigurations {
            failedConfigurations = try reader.list("failedConfigurations") { json throws(StateRefusal) in
                try FailedConfiguration(json: json)
            }
        }
        hasAdopted = try reader.required("hasAdopted", \.bool)
        isEnrolled = try reader.required("isEnrolled", \.bool)
        if version > Self.versionWithoutUnprovenLeaf {
            awaitsInstanceUID = try reader.optional("awaitsInstanceUID", \.bool) ?? false
            unprovenLeaf = try reader.optionalObject("unprovenLeaf") { json throws(StateRefusal) in
                try UnprovenLeaf(json: json)
            }
        }
        configurationDigest = try reader.required("configurationDigest", \.bytes)
        guard verdicts.count <= Self.verdictLimit else { throw .malformed("state.verdicts") }
        guard failedOffers.count <= Self.failedOfferLimit else { throw .malformed("state.failedOffers") }
        guard failedConfigurations.count <= Self.failedOfferLimit else {
            throw .malformed("state.failedConfigurations")
        }
        guard (probation == nil) == (previous == nil) else { throw .malformed("state.probation") }
        try reader.refuseUnknownMembers()
    }
}

extension Candidate {
    var json: JSON {
        .members([
            "isWayBack": .bool(origin == .probation), "isStandby": isStandby ? .bool(true) : nil,
            "handover": handover?.json, "home": server.json,
            "hash": hash.json, "attempts": .integer(Int64(attempts)), "until": .time(until),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "candidate")
        let handover = try reader.optionalObject("handover") { json throws(StateRefusal) in
            try HandoverFacts(json: json)
        }
        let isWayBack = try reader.required("isWayBack", \.bool)
        if try reader.optional("isStandby", \.bool) == true {
            guard let handover, !isWayBack else { throw .malformed("candidate.isStandby") }
            origin = .standby(handover)
        } else {
            origin = isWayBack ? .probation : .offer(handover)
        }
        server = try reader.object("home") { json throws(StateRefusal) in try ServerSettings(json: json) }
        hash = try reader.object("hash") { json throws(StateRefusal) in try OfferHash(json: json) }
        attempts = try reader.required("attempts") { $0.integer.flatMap { (0...1000).contains($0) ? Int($0) : nil } }
        until = try reader.required("until", \.time)
        try reader.refuseUnknownMembers()
    }
}

extension StandbyGrant {
    var json: JSON {
        .members(["home": server.json, "handover": handover.json, "hash": hash.json, "until": .time(until)])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "standby")
        server = try reader.object("home") { json throws(StateRefusal) in try ServerSettings(json: json) }
        handover = try reader.object("handover") { json throws(StateRefusal) in try HandoverFacts(json: json) }
        hash = try reader.object("hash") { json throws(StateRefusal) in try OfferHash(json: json) }
        until = try reader.required("until", \.time)
        try reader.refuseUnknownMembers()
    }
}

extension UnprovenLeaf {
    var json: JSON {
        .members([
            "offer": offer.json, "former": former.map { .string($0.pem) },
            "formerKey": former?.offeredKey.map { .hex($0.reveal()) }, "hadAdopted": .bool(hadAdopted),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "unprovenLeaf")
        offer = try reader.object("offer") { json throws(StateRefusal) in try OfferHash(json: json) }
        former = try reader.optional("former") { $0.string.flatMap { try? LeafChain(pem: $0) } }
        former?.offeredKey = try reader.optional("formerKey", \.bytes).map { Secret($0) }
        hadAdopted = try reader.required("hadAdopted", \.bool)
        try reader.refuseUnknownMembers()
    }
}

extension HandoverFacts {
    var json: JSON {
        .members([
            "id": .string(id.description), "epoch": .string(String(epoch)), "probation": .span(probation),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "handover")
        id = try reader.required("id") { $0.string.flatMap { HandoverID($0) } }
        epoch = try reader.required("epoch") { $0.string.flatMap { Epoch($0) } }
        probation = try reader.required("probation", \.span)
        try reader.refuseUnknownMembers()
    }
}

extension Probation {
    var json: JSON {
        .members([
            "hash": hash.json, "length": .span(length), "until": .time(until), "isHandover": .bool(isHandover),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "probation")
        hash = try reader.object("hash") { json throws(StateRefusal) in try OfferHash(json: json) }
        length = try reader.required("length", \.span)
        until = try reader.required("until", \.time)
        isHandover = try reader.required("isHandover", \.bool)
        try reader.refuseUnknownMembers()
    }
}

extension OfferHash {
    var json: JSON {
        switch self {
        case .named(let bytes): .members(["named": .hex(bytes)])
        case .unnamed(let digest): .members(["unnamed": .hex(digest)])
        }
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "hash")
        if let digest = try reader.optional("unnamed", \.bytes) {
            self = .unnamed(digest: digest)
        } else {
            self = .named(try reader.required("named", \.bytes))
        }
        try reader.refuseUnknownMembers()
    }
}

extension Verdict {
    var json: JSON {
        switch outcome {
        case .applied: .members(["hash": hash.json])
        case .failed(let cause, let message):
            .members([
                "hash": hash.json, "cause": .string(cause.code), "message": .string(message),
                "next": next.map(JSON.string),
            ])
        }
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "verdict")
        hash = try reader.object("hash") { json throws(StateRefusal) in try OfferHash(json: json) }
        if let cause = try reader.optional("cause", { $0.string.flatMap { MoveCause(code: $0) } }) {
            outcome = .failed(cause, message: try reader.required("message", \.string))
            next = try reader.optional("next", \.string)
        } else {
            outcome = .applied
        }
        try reader.refuseUnknownMembers()
    }
}

extension FailedOffer {
    var json: JSON {
        .members([
            "origin": .string(origin), "verdict": verdict.json, "failures": .integer(Int64(failures)), "at": .time(at),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "failedOffers")
        origin = try reader.required("origin", \.string)
        verdict = try reader.object("verdict") { json throws(StateRefusal) in try Verdict(json: json) }
        guard case .failed = verdict.outcome else { throw .malformed("failedOffers.verdict") }
        failures = try reader.required("failures") { $0.integer.flatMap { (1...100_000).contains($0) ? Int($0) : nil } }
        at = try reader.required("at", \.time)
        try reader.refuseUnknownMembers()
    }
}

extension RemoteConfigStatus {
    var json: JSON {
        .members([
            "hash": .hex(lastRemoteConfigHash), "isApplied": .bool(status == .applied),
            "message": .string(errorMessage),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "remoteConfig")
        self.init(
            lastRemoteConfigHash: try reader.required("hash", \.bytes),
            status: try reader.required("isApplied", \.bool) ? .applied : .failed,
            errorMessage: try reader.required("message", \.string))
        try reader.refuseUnknownMembers()
    }
}

extension FailedConfiguration {
    var json: JSON {
        .members([
            "origin": .string(origin), "hash": .hex(hash), "message": .string(message), "mayPass": .bool(mayPass),
            "failures": .integer(Int64(failures)), "at": .time(at),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "failedConfigurations")
        origin = try reader.required("origin", \.string)
        hash = try reader.required("hash", \.bytes)
        message = try reader.required("message", \.string)
        mayPass = try reader.required("mayPass", \.bool)
        failures = try reader.required("failures") { $0.integer.flatMap { (1...100_000).contains($0) ? Int($0) : nil } }
        at = try reader.required("at", \.time)
        try reader.refuseUnknownMembers()
    }
}

extension HostOffer {
    /// More of it would not fit into the state beside the settings of three servers.
    static let longest = 256 * 1024

    var json: JSON {
        .members([
            "hash": hash.json, "origin": .string(origin), "hasOpAMPPart": .bool(hasOpAMPPart),
            "offers": (try? offers.encoded()).map(JSON.hex),
        ])
    }

    init(json: JSON) throws(StateRefusal) {
        var reader = try StateReader(json, path: "hostOffer")
        hash = try reader.object("hash") { json throws(StateRefusal) in try OfferHash(json: json) }
        origin = try reader.required("origin", \.string)
        hasOpAMPPart = try reader.required("hasOpAMPPart", \.bool)
        offers = try reader.required("offers") { $0.bytes.flatMap { try? ConnectionSettingsOffers(decoding: $0) } }
        try reader.refuseUnknownMembers()
    }
}
