public import OpAMPProto

/// Makes messages by chance: the same seed makes the same messages.
public struct MessageMaker {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func agentToServer() -> AgentToServer {
        AgentToServer(
            instanceUID: bytes(16),
            sequenceNumber: number(),
            agentDescription: maybe {
                AgentDescription(
                    identifyingAttributes: $0.list { $0.attribute(3) },
                    nonIdentifyingAttributes: $0.list { $0.attribute(3) })
            },
            capabilities: AgentCapabilities(rawValue: number()),
            health: maybe { $0.health(3) },
            effectiveConfig: maybe { EffectiveConfig(configMap: $0.maybe { $0.configMap() }) },
            remoteConfigStatus: maybe {
                RemoteConfigStatus(
                    lastRemoteConfigHash: $0.bytes(), status: $0.choice(), errorMessage: $0.text())
            },
            packageStatuses: maybe {
                PackageStatuses(
                    packages: $0.map { $0.packageStatus() }, serverProvidedAllPackagesHash: $0.bytes(),
                    errorMessage: $0.text())
            },
            agentDisconnect: bool(),
            flags: AgentToServerFlags(rawValue: number()),
            connectionSettingsRequest: maybe {
                ConnectionSettingsRequest(
                    opamp: $0.maybe {
                        OpAMPConnectionSettingsRequest(
                            certificateRequest: $0.maybe { CertificateRequest(csr: $0.bytes()) })
                    })
            },
            customCapabilities: maybe { $0.customCapabilities() },
            customMessage: maybe { $0.customMessage() },
            availableComponents: maybe {
                AvailableComponents(components: $0.map { $0.component(3) }, hash: $0.bytes())
            },
            connectionSettingsStatus: maybe {
                ConnectionSettingsStatus(
                    lastConnectionSettingsHash: $0.bytes(), status: $0.choice(), errorMessage: $0.text())
            })
    }

    public mutating func serverToAgent() -> ServerToAgent {
        ServerToAgent(
            instanceUID: bytes(16),
            errorResponse: maybe {
                ServerErrorResponse(
                    type: $0.choice(), errorMessage: $0.text(),
                    retryInfo: $0.maybe { RetryInfo(retryAfterNanoseconds: $0.number()) })
            },
            remoteConfig: maybe {
                AgentRemoteConfig(config: $0.maybe { $0.configMap() }, configHash: $0.bytes())
            },
            connectionSettings: maybe { $0.connectionSettingsOffers() },
            packagesAvailable: maybe {
                PackagesAvailable(packages: $0.map { $0.packageAvailable() }, allPackagesHash: $0.bytes())
            },
            flags: ServerToAgentFlags(rawValue: number()),
            capabilities: ServerCapabilities(rawValue: number()),
            agentIdentification: maybe { AgentIdentification(newInstanceUID: $0.bytes(16)) },
            command: maybe { ServerToAgentCommand(type: $0.choice()) },
            customCapabilities: maybe { $0.customCapabilities() },
            customMessage: maybe { $0.customMessage() })
    }

    public mutating func connectionSettingsOffers() -> ConnectionSettingsOffers {
        ConnectionSettingsOffers(
            hash: bytes(),
            opamp: maybe {
                OpAMPConnectionSettings(
                    destinationEndpoint: $0.text(), headers: $0.maybe { $0.headers() },
                    certificate: $0.maybe { $0.certificate() }, heartbeatIntervalSeconds: $0.number(),
                    tls: $0.maybe { $0.tls() }, proxy: $0.maybe { $0.proxy() })
            },
            ownMetrics: maybe { $0.telemetry() },
            ownTraces: maybe { $0.telemetry() },
            ownLogs: maybe { $0.telemetry() },
            otherConnections: map {
                OtherConnectionSettings(
                    destinationEndpoint: $0.text(), headers: $0.maybe { $0.headers() },
                    certificate: $0.maybe { $0.certificate() }, otherSettings: $0.map { $0.text() },
                    tls: $0.maybe { $0.tls() }, proxy: $0.maybe { $0.proxy() })
            })
    }

    // Parts

    private mutating func attribute(_ depth: Int) -> KeyValue {
        KeyValue(key: text(), value: maybe { $0.anyValue(depth) })
    }

    private mutating func anyValue(_ depth: Int) -> AnyValue {
        switch below(depth > 0 ? 8 : 6) {
        case 0: .string(text())
        case 1: .bool(bool())
        case 2: .int(Int64(bitPattern: number()))
        case 3: .double(double())
        case 4: .bytes(bytes())
        case 5: .absent
        case 6: .array(list { $0.anyValue(depth - 1) })
        default: .keyValueList(list { $0.attribute(depth - 1) })
        }
    }

    private mutating func health(_ depth: Int) -> ComponentHealth {
        ComponentHealth(
            healthy: bool(), startTimeUnixNano: number(), lastError: text(), status: text(),
            statusTimeUnixNano: number(), componentHealthMap: depth > 0 ? map { $0.health(depth - 1) } : [:])
    }

    private mutating func component(_ depth: Int) -> ComponentDetails {
        ComponentDetails(
            metadata: list { $0.attribute(2) }, subComponentMap: depth > 0 ? map { $0.component(depth - 1) } : [:])
    }

    private mutating func configMap() -> AgentConfigMap {
        AgentConfigMap(configMap: map { AgentConfigFile(body: $0.bytes(), contentType: $0.text()) })
    }

    private mutating func packageStatus() -> PackageStatus {
        PackageStatus(
            name: text(), agentHasVersion: text(), agentHasHash: bytes(), serverOfferedVersion: text(),
            serverOfferedHash: bytes(), status: choice(), errorMessage: text(),
            downloadDetails: maybe {
                PackageDownloadDetails(downloadPercent: $0.double(), downloadBytesPerSecond: $0.double())
            })
    }

    private mutating func packageAvailable() -> PackageAvailable {
        PackageAvailable(
            type: choice(), version: text(),
            file: maybe {
                DownloadableFile(
                    downloadURL: $0.text(), contentHash: $0.bytes(), signature: $0.bytes(),
                    headers: $0.maybe { $0.headers() })
            },
            hash: bytes())
    }

    private mutating func headers() -> Headers {
        Headers(headers: list { Header(key: $0.text(), value: $0.text()) })
    }

    private mutating func certificate() -> TLSCertificate {
        TLSCertificate(cert: bytes(), privateKey: bytes(), caCert: bytes())
    }

    private mutating func tls() -> TLSConnectionSettings {
        TLSConnectionSettings(
            caPEMContents: text(), includeSystemCACertsPool: bool(), insecureSkipVerify: bool(), minVersion: text(),
            maxVersion: text(), cipherSuites: list { $0.text() })
    }

    private mutating func proxy() -> ProxyConnectionSettings {
        ProxyConnectionSettings(url: text(), connectHeaders: maybe { $0.headers() })
    }

    private mutating func telemetry() -> TelemetryConnectionSettings {
        TelemetryConnectionSettings(
            destinationEndpoint: text(), headers: maybe { $0.headers() }, certificate: maybe { $0.certificate() },
            tls: maybe { $0.tls() }, proxy: maybe { $0.proxy() })
    }

    private mutating func customCapabilities() -> CustomCapabilities {
        CustomCapabilities(capabilities: list { $0.text() })
    }

    private mutating func customMessage() -> CustomMessage {
        CustomMessage(capability: text(), type: text(), data: bytes())
    }

    // Chance

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    private mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    private mutating func bool() -> Bool { next() & 1 == 0 }

    /// All magnitudes alike.
    private mutating func number() -> UInt64 { next() >> UInt64(below(65)) }

    private mutating func double() -> Double {
        [0, 1, -1.5, 1e300, -.leastNonzeroMagnitude, .infinity, Double(below(1000)) / 7][below(7)]
    }

    private mutating func bytes(_ count: Int? = nil) -> [UInt8] {
        (0..<(count ?? [0, 1, 2, 16, 32, 127, 128, 300][below(8)])).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    private mutating func text() -> String {
        let pieces = ["", "a", "key", "service.name", "é", "日本語", "🛰", "\u{7F}", "\n", "\u{1}", "\u{10FFFF}"]
        return (0..<below(4)).map { _ in pieces[below(pieces.count)] }.joined()
    }

    private mutating func choice<Choice: WireEnumeration>() -> Choice {
        switch below(10) {
        case 0: Choice(rawValue: Int32(truncatingIfNeeded: next()))
        default: Choice(rawValue: Int32(below(Choice.named.count)))
        }
    }

    private mutating func maybe<Part>(_ make: (inout Self) -> Part) -> Part? {
        bool() ? make(&self) : nil
    }

    private mutating func list<Part>(_ make: (inout Self) -> Part) -> [Part] {
        (0..<below(4)).map { _ in make(&self) }
    }

    private mutating func map<Part>(_ make: (inout Self) -> Part) -> [String: Part] {
        var map: [String: Part] = [:]
        for _ in 0..<below(4) {
            let key = text()
            map[key] = make(&self)
        }
        return map
    }
}
