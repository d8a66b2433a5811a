public import OpAMPProto

// Messages with every field set, so that a field read or written in another's place is seen: texts and bytes hold
// the wire name of their field, numbers its number, and what is true or an enumeration stands alone in its message
// or is looked at one by one elsewhere.

private func named(_ field: String) -> [UInt8] { Array(field.utf8) }

private let headers = Headers(headers: [Header(key: "key", value: "value")])
private let certificate = TLSCertificate(
    cert: named("cert"), privateKey: named("private_key"), caCert: named("ca_cert"))
private let tls = TLSConnectionSettings(
    caPEMContents: "ca_pem_contents", includeSystemCACertsPool: true, insecureSkipVerify: true,
    minVersion: "min_version", maxVersion: "max_version", cipherSuites: ["cipher_suites"])
private let proxy = ProxyConnectionSettings(url: "url", connectHeaders: headers)
private let telemetry = TelemetryConnectionSettings(
    destinationEndpoint: "destination_endpoint", headers: headers, certificate: certificate, tls: tls, proxy: proxy)
private let configMap = AgentConfigMap(
    configMap: ["key": AgentConfigFile(body: named("body"), contentType: "content_type")])
private let attributes: [KeyValue] = [
    KeyValue(key: "key", value: .string("string_value")),
    KeyValue(key: "key", value: .bool(true)),
    KeyValue(key: "key", value: .int(3)),
    KeyValue(key: "key", value: .double(4)),
    KeyValue(key: "key", value: .array([.string("string_value"), .array([]), .absent])),
    KeyValue(key: "key", value: .keyValueList([KeyValue(key: "key", value: .bytes(named("bytes_value")))])),
    KeyValue(key: "key", value: .absent),
    KeyValue(key: "key"),
]
private let custom = CustomMessage(capability: "capability", type: "type", data: named("data"))

private func sampleHealth(_ parts: [String: ComponentHealth] = [:]) -> ComponentHealth {
    ComponentHealth(
        healthy: true, startTimeUnixNano: 2, lastError: "last_error", status: "status", statusTimeUnixNano: 5,
        componentHealthMap: parts)
}

extension ConnectionSettingsOffers {
    public static let full = ConnectionSettingsOffers(
        hash: named("hash"),
        opamp: OpAMPConnectionSettings(
            destinationEndpoint: "destination_endpoint", headers: headers, certificate: certificate,
            heartbeatIntervalSeconds: 4, tls: tls, proxy: proxy),
        ownMetrics: telemetry,
        ownTraces: telemetry,
        ownLogs: telemetry,
        otherConnections: [
            "key": OtherConnectionSettings(
                destinationEndpoint: "destination_endpoint", headers: headers, certificate: certificate,
                otherSettings: ["key": "value"], tls: tls, proxy: proxy)
        ])
}

extension AgentToServer {
    public static let full = AgentToServer(
        instanceUID: named("instance_uid"),
        sequenceNumber: 2,
        agentDescription: AgentDescription(identifyingAttributes: attributes, nonIdentifyingAttributes: attributes),
        capabilities: AgentCapabilities(rawValue: 4),
        health: sampleHealth(["key": sampleHealth()]),
        effectiveConfig: EffectiveConfig(configMap: configMap),
        remoteConfigStatus: RemoteConfigStatus(
            lastRemoteConfigHash: named("last_remote_config_hash"), status: .applying, errorMessage: "error_message"),
        packageStatuses: PackageStatuses(
            packages: [
                "key": PackageStatus(
                    name: "name", agentHasVersion: "agent_has_version", agentHasHash: named("agent_has_hash"),
                    serverOfferedVersion: "server_offered_version", serverOfferedHash: named("server_offered_hash"),
                    status: .unrecognized(6), errorMessage: "error_message",
                    downloadDetails: PackageDownloadDetails(downloadPercent: 1, downloadBytesPerSecond: 2))
            ],
            serverProvidedAllPackagesHash: named("server_provided_all_packages_hash"), errorMessage: "error_message"),
        agentDisconnect: true,
        flags: AgentToServerFlags(rawValue: 10),
        connectionSettingsRequest: ConnectionSettingsRequest(
            opamp: OpAMPConnectionSettingsRequest(certificateRequest: CertificateRequest(csr: named("csr")))),
        customCapabilities: CustomCapabilities(capabilities: ["capabilities"]),
        customMessage: custom,
        availableComponents: AvailableComponents(
            components: [
                "key": ComponentDetails(
                    metadata: attributes, subComponentMap: ["key": ComponentDetails(metadata: attributes)])
            ],
            hash: named("hash")),
        connectionSettingsStatus: ConnectionSettingsStatus(
            lastConnectionSettingsHash: named("last_connection_settings_hash"), status: .applying,
            errorMessage: "error_message"))
}

extension ServerToAgent {
    public static let full = ServerToAgent(
        instanceUID: named("instance_uid"),
        errorResponse: ServerErrorResponse(
            type: .badRequest, errorMessage: "error_message", retryInfo: RetryInfo(retryAfterNanoseconds: 1)),
        remoteConfig: AgentRemoteConfig(config: configMap, configHash: named("config_hash")),
        connectionSettings: .full,
        packagesAvailable: PackagesAvailable(
            packages: [
                "key": PackageAvailable(
                    type: .addon, version: "version",
                    file: DownloadableFile(
                        downloadURL: "download_url", contentHash: named("content_hash"),
                        signature: named("signature"), headers: headers),
                    hash: named("hash"))
            ],
            allPackagesHash: named("all_packages_hash")),
        flags: ServerToAgentFlags(rawValue: 6),
        capabilities: ServerCapabilities(rawValue: 7),
        agentIdentification: AgentIdentification(newInstanceUID: named("new_instance_uid")),
        command: ServerToAgentCommand(type: .unrecognized(1)),
        customCapabilities: CustomCapabilities(capabilities: ["capabilities"]),
        customMessage: custom)
}
