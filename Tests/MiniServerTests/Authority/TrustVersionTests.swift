import Certificates
import Foundation
import HandoverToken
import ServerAPI
import TestPKI
import Testing
import Vocabulary

@testable import MiniServer

/// A peer takes a statement only when its version is higher, so it has to rise with whatever the statement says.
struct TrustVersionTests {
    private func version(
        _ configuration: ServerConfiguration, admin: String? = nil
    ) async throws -> (version: Int64, admin: String) {
        try await RunningServer.runOnce(configuration, admin: admin) { server in
            (try await server.server.context.trustStatement().version, server.admin)
        }
    }

    @Test func `the version rises with the address and the listener's CA, and not with a restart`() async throws {
        try await RunningServer.withDirectory { root in
            var configuration = ServerConfiguration(
                dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0,
                publicEndpoint: try Endpoint("wss://eu.example:4320/v1/opamp"))
            let (first, admin) = try await version(configuration)
            #expect(first == 1)
            #expect(try await version(configuration, admin: admin).version == 1)

            configuration.publicEndpoint = try Endpoint("wss://localhost:4320/v1/opamp")
            #expect(try await version(configuration, admin: admin).version == 2)

            let (pki, files) = (try TestAuthority(), (root.appending(path: "l.pem"), root.appending(path: "l.key")))
            let listener = try pki.listener()
            try Data((listener.certificate.pem + pki.certificate.pem).utf8).write(to: files.0)
            try Data(listener.key.pem.reveal()).write(to: files.1)
            configuration.listenerFiles = (files.0.path, files.1.path)
            #expect(try await version(configuration, admin: admin).version == 3)
        }
    }

    @Test func `a peer follows to another address`() async throws {
        try await RunningServer.withDirectory { root in
            let us = ServerConfiguration(dataDirectory: root.appending(path: "us").path, name: "us", port: 0)
            try await RunningServer.runOnce(us) { us in
                var configuration = ServerConfiguration(
                    dataDirectory: root.appending(path: "eu").path, name: "eu", port: 0)
                let admin = try await RunningServer.runOnce(configuration) { eu in
                    _ = try await RunningServer.federate(eu, us)
                    #expect(try await us.ping("eu").ok)
                    return eu.admin
                }
                configuration.publicEndpoint = try Endpoint("wss://localhost:4320/v1/opamp")
                try await RunningServer.runOnce(configuration, admin: admin) { eu in
                    let port = try #require(await eu.server.port)
                    try await us.call(
                        OperatorRoutes.updatePeer("eu"),
                        sending: PeerUpdate(endpoint: "https://127.0.0.1:\(port)"))
                    let row = try await us.call(
                        OperatorRoutes.refreshPeer("eu"))
                    #expect(row.opampEndpoint == "wss://localhost:4320/v1/opamp")
                }
            }
        }
    }
}
