import AgentCore
import Certificates
import DurableFiles
import Foundation
import HandoverToken
import OpAMPProto
import ScriptedOpAMPServer
import ScriptedServer
import TestPKI
import TestValues
import Testing
import Vocabulary

@testable import AgentExtension

@Suite struct StateDirectoryTests {
    let host: HostDirectory
    let uid: InstanceUID = .random

    init() throws { host = try HostDirectory() }

    private func configuration(_ endpoint: String = "wss://eu.example/v1/opamp") throws -> AgentConfiguration {
        let settings = ConnectionSettings(
            endpoint: try Endpoint(endpoint), trust: ServerTrust(anchors: CertificateBundle([])))
        return AgentConfiguration(server: ServerSettings(settings: settings))
    }

    private func open() throws -> StateDirectory { try StateDirectory(path: host.state, key: nil) }

    private func load(_ directory: StateDirectory) throws -> StateDirectory.Loaded {
        try directory.load(try configuration(), preferred: nil, fresh: uid)
    }

    private func damage(_ name: String) throws {
        try Data("rubbish".utf8).write(to: URL(filePath: host.state + "/" + name))
    }

    @Test func `the first start makes a directory that only its owner can enter, a key and a uid`() throws {
        let directory = try open()
        let loaded = try load(directory)
        #expect(loaded.state.instanceUID == uid)
        #expect(host.uid == uid)
        let mode = try FileManager.default.attributesOfItem(atPath: host.state)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        for name in ["leaf.key", "identity"] {
            let mode =
                try FileManager.default.attributesOfItem(atPath: "\(host.state)/\(name)")[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
    }

    @Test func `key and uid are there again after a start that saved nothing else`() throws {
        let first: PublicKey
        do {
            let directory = try open()
            first = directory.key.publicKey
            _ = try load(directory)
        }
        let again = try open()
        #expect(again.key.publicKey == first)
        #expect(try again.load(try configuration(), preferred: .random, fresh: .random).state.instanceUID == uid)
    }

    @Test func `the trust of two servers, each larger than a distribution's bundle, is saved and loaded`() throws {
        let directory = try open()
        var state = try load(directory).state
        let authorities = try (0..<1200).map { try TestAuthority("authority \($0)").certificate }
        state.active.settings.trust = ServerTrust(anchors: CertificateBundle(authorities))
        state.previous = state.active
        state.probation = Probation(
            hash: .named([1]), length: .seconds(300), until: TestClock.start, isHandover: false)
        #expect(state.encoded.count > 1 << 20)
        try directory.save(state)
        #expect(try load(directory).state == state)
    }

    @Test func `the directory may be named by a link, and stays the one that was checked`() throws {
        try FileManager.default.createDirectory(
            atPath: host.path + "/volume", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try FileManager.default.createSymbolicLink(atPath: host.state, withDestinationPath: "volume")
        let directory = try open()
        let state = try load(directory).state
        try FileManager.default.removeItem(atPath: host.state)
        try directory.save(state)
        #expect(FileManager.default.fileExists(atPath: host.path + "/volume/connection"))
    }

    @Test func `a second agent in the same directory is told who is there`() throws {
        let first = try open()
        do throws(StateFailure) {
            _ = try StateDirectory(path: host.state, key: nil)
            Issue.record("two agents in one directory")
        } catch {
            #expect(error.operatorMessage.code == "file.locked")
        }
        withExtendedLifetime(first) {}
    }

    @Test func `H30 F25 a damaged state falls back to the generation before`() throws {
        let directory = try open()
        var state = try load(directory).state
        try directory.save(state)
        state.epoch = 7
        try directory.save(state)
        try damage("connection")
        let loaded = try load(directory)
        #expect(loaded.isPreviousGeneration)
        #expect(loaded.state.epoch == 0)
    }

    @Test func `H30 F25 with nothing readable an agent that was never led away begins at its file, with its uid`()
        throws
    {
        let directory = try open()
        try directory.save(try load(directory).state)
        try damage("connection")
        let loaded = try directory.load(try configuration(), preferred: nil, fresh: .random)
        #expect(loaded.isStartedAnew)
        #expect(loaded.state.instanceUID == uid)
    }

    @Test(arguments: ["rubbish", nil])
    func `H30 F25 with nothing readable an agent that was led away does not start`(left: String?) throws {
        let directory = try open()
        var state = try load(directory).state
        state.adoptions = [TestClock.start]
        try directory.save(state)
        try directory.save(state)
        for name in ["connection", "connection.previous"] {
            try FileManager.default.removeItem(atPath: "\(host.state)/\(name)")
            if left != nil { try damage(name) }
        }
        #expect(throws: StateFailure.lost(directory: host.state)) { _ = try load(directory) }
    }

    /// An agent that has enrolled, and nothing more.
    private func enrolled(at directory: StateDirectory, over key: PrivateKey? = nil) throws -> AgentState {
        let authority = try TestAuthority("eu")
        let leaf = try authority.issue(.agentLeaf(.random), over: (key ?? directory.key).publicKey)
        var state = try load(directory).state
        state.active.settings.leaf = LeafChain(leaf: leaf)
        state.active.tokenSigners = try TokenSigners([authority.certificate])
        (state.isEnrolled, state.hasAdopted) = (true, true)
        try directory.save(state)
        for name in ["connection", "connection.previous"] { try damage(name) }
        return state
    }

    @Test func `F25 with nothing readable an enrolled agent that never moved keeps leaf, signers and uid`() throws {
        let directory = try open()
        let state = try enrolled(at: directory)
        let loaded = try load(directory)
        #expect(loaded.isStartedAnew)
        #expect(loaded.state.active == state.active && loaded.state.instanceUID == uid)
        #expect(loaded.state.isEnrolled && loaded.state.hasAdopted)
    }

    @Test func `F25 a leaf over another key is not used, and signers that cannot be read are not forgotten`() throws {
        let directory = try open()
        _ = try enrolled(at: directory, over: PrivateKey.generateP256())
        #expect(try load(directory).state.active.settings.leaf == nil)

        _ = try enrolled(at: directory)
        try damage("signers.pem")
        #expect(throws: StateFailure.lost(directory: host.state)) { _ = try load(directory) }
    }

    /// It is whole, and makes no sense: as damaged as what is not whole.
    @Test func `F25 a state that cannot be read gives way to the one before`() throws {
        let directory = try open()
        var state = try load(directory).state
        state.hasAdopted = true
        try directory.save(state)
        let text = state.json.description.replacing("wss://", with: "ftp://")
        try StateDirectory.connectionFile(in: host.state).save(Array(text.utf8))
        let loaded = try load(directory)
        #expect(loaded.isPreviousGeneration && loaded.state == state)
    }

    @Test func `a state that could not be read back is not saved`() throws {
        let directory = try open()
        var state = try load(directory).state
        try directory.save(state)
        let saved = state
        state.failedOffers = (0...AgentState.failedOfferLimit).map {
            FailedOffer(
                origin: "a:1", verdict: Verdict(hash: .named([UInt8($0)]), outcome: .failed(.dns, message: "dns")),
                failures: 1,
                at: Timestamp(seconds: 0))
        }
        #expect(throws: StateFailure.state(.malformed("state.failedOffers"))) { try directory.save(state) }
        #expect(try load(directory).state == saved)
    }

    @Test func `a state of a newer version is left alone`() throws {
        let directory = try open()
        _ = try load(directory)
        try StateDirectory.connectionFile(in: host.state).save(Array(#"{"version":99}"#.utf8))
        #expect(throws: StateFailure.state(.unknownVersion(99))) { _ = try load(directory) }
    }

    @Test func `reset leaves the key and the uid and nothing that was adopted`() throws {
        let key: [UInt8]?
        do {
            let directory = try open()
            var state = try load(directory).state
            state.hasAdopted = true
            state.epoch = 3
            try directory.save(state)
            key = host.bytes("leaf.key")
            #expect(throws: StateFailure.self) { try StateReset.carryOut(in: host.state) }
        }
        try StateReset.carryOut(in: host.state)
        #expect(host.bytes("leaf.key") == key)
        let loaded = try open().load(try configuration(), preferred: nil, fresh: .random)
        #expect(loaded.state.instanceUID == uid)
        #expect(loaded.state.epoch == 0)
        #expect(!loaded.state.hasAdopted)
    }

    @Test func `a directory that others can enter is refused`() throws {
        try FileManager.default.createDirectory(
            atPath: host.state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        do throws(StateFailure) {
            _ = try StateDirectory(path: host.state, key: nil)
            Issue.record("accepted")
        } catch {
            #expect(error.operatorMessage.code == "file.too-open")
        }
    }
}
