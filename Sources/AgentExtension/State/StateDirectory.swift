import AgentCore
import Certificates
import DurableFiles
import HandoverToken
import Vocabulary

/// The agent's directory, held by this process.
///
/// `connection` is the truth, replaced as a whole. `leaf.key` is made once and never written again. `identity`, `leaf.pem`
/// and `signers.pem` say the same as `connection` in a form that people and scripts can read, and are what is left of it
/// when it is lost. `adopted` is there as soon as the agent has moved: then nothing else says where to.
final class StateDirectory: Sendable {
    enum File: String, CaseIterable, Sendable {
        case key, identity, adopted, connection, leaf, signers

        var name: String {
            switch self {
            case .key: "leaf.key"
            case .leaf: "leaf.pem"
            case .signers: "signers.pem"
            case .identity, .adopted, .connection: rawValue
            }
        }

        var keepsPrevious: Bool { self == .connection }
    }

    let path: String
    let key: PrivateKey
    private let lock: DirectoryLock

    /// Makes the directory if it is missing and takes hold of it.
    ///
    /// - Parameter key: the host's own, when the configuration names one; otherwise it is read, or made now.
    init(path: String, key: PrivateKey?) throws(StateFailure) {
        do throws(FileFailure) {
            self.path = try PrivateDirectory.prepare(path)
            lock = try DirectoryLock(directory: self.path)
        } catch {
            throw .file(error)
        }
        if let key {
            self.key = key
        } else if let held = try Self.readKey(in: path) {
            try Self.check(held, in: path)
            self.key = held
        } else {
            try Self.check(nil, in: path)
            do throws(CertificateFailure) { self.key = try PrivateKey.generateP256() } catch { throw .key(error) }
            do throws(FileFailure) {
                try AtomicFile.write(
                    self.key.pem.reveal(), to: Self.path(of: .key, in: path), label: File.key.rawValue)
            } catch {
                throw .file(error)
            }
        }
    }

    /// A key that does not fit the certificate makes a connection that no server takes. A backup may have left the key out.
    private static func check(_ key: PrivateKey?, in directory: String) throws(StateFailure) {
        let file = connectionFile(in: directory)
        guard let record = try? file.load(), let leaf = try? state(in: record, of: file).state.active.settings.leaf,
            leaf.offeredKey == nil, key?.publicKey != leaf.leaf.publicKey
        else { return }
        throw key == nil ? .keyMissing(directory: directory) : .keyOfAnother(directory: directory)
    }

    static func path(of file: File, in directory: String) -> String { "\(directory)/\(file.name)" }

    static func readKey(in directory: String) throws(StateFailure) -> PrivateKey? {
        do {
            let pem = try AtomicFile.read(
                path(of: .key, in: directory), limit: Limits.certificateBytes, mode: .private)
            return try pem.map { try PrivateKey(pem: Secret($0)) }
        } catch let failure as FileFailure {
            throw .file(failure)
        } catch let failure as CertificateFailure {
            throw .key(failure)
        } catch {
            throw .lost(directory: directory)
        }
    }

    // MARK: Loading

    struct Loaded {
        let state: AgentState
        /// The newest generation was damaged.
        let isPreviousGeneration: Bool
        /// The connection could not be read; the configuration file determines it again.
        let isStartedAnew: Bool
    }

    /// - Parameter fresh: a new uid, for an agent that has never run.
    func load(_ configuration: AgentConfiguration, preferred: InstanceUID?, fresh: InstanceUID) throws(StateFailure)
        -> Loaded
    {
        let record: StateFile.Loaded?
        var isDamaged = false
        do throws(FileFailure) {
            record = try connection.load()
        } catch {
            guard case .corrupt = error else { throw .file(error) }
            (record, isDamaged) = (nil, true)
        }
        if let record {
            let (state, isPrevious) = try Self.state(in: record, of: connection)
            return Loaded(state: state, isPreviousGeneration: isPrevious, isStartedAnew: false)
        }
        // Falling back to the file could lead to a server that has handed this agent away, and forgets whose signature
        // a token must bear.
        guard try text(.adopted) == nil else { throw .lost(directory: path) }
        let held = try text(.identity).flatMap { InstanceUID(String($0.prefix { $0 != "\n" })) }
        var state = AgentState(instanceUID: held ?? preferred ?? fresh, configuration: configuration)
        // It may be the one that a server gave.
        if held != nil { state.awaitsInstanceUID = false }
        if isDamaged { try restoreEnrolment(of: &state, configuration) }
        try keepIdentity(of: state)
        return Loaded(state: state, isPreviousGeneration: false, isStartedAnew: isDamaged)
    }

    /// The leaf of an enrolled agent that has never moved, and whose tokens it trusts, if the key beside it is the leaf's.
    private func restoreEnrolment(of state: inout AgentState, _ configuration: AgentConfiguration) throws(StateFailure)
    {
        guard !configuration.hasLeafOfItsOwn, let pem = try text(.leaf), let leaf = try? LeafChain(pem: pem),
            leaf.leaf.publicKey == key.publicKey
        else { return }
        if state.active.tokenSigners == nil, let pem = try text(.signers) {
            guard let signers = try? TokenSigners(pem: pem) else { throw .lost(directory: path) }
            state.active.tokenSigners = signers
        }
        state.active.settings.leaf = leaf
        (state.isEnrolled, state.hasAdopted) = (true, true)
    }

    /// What is whole and makes no sense is as damaged as what is not whole: the generation before it counts.
    static func state(
        in record: StateFile.Loaded, of file: StateFile
    ) throws(StateFailure) -> (state: AgentState, isPreviousGeneration: Bool) {
        do throws(StateRefusal) {
            return (try AgentState(decoding: record.payload), record.recoveredFromPrevious)
        } catch {
            // Another version of the agent makes sense of it.
            if case .unknownVersion = error { throw .state(error) }
            let previous = record.recoveredFromPrevious ? nil : try? file.loadPrevious()
            guard let previous, let state = try? AgentState(decoding: previous.payload) else { throw .state(error) }
            return (state, true)
        }
    }

    /// Lets another agent take hold of it. Nothing may be saved afterwards.
    func release() { lock.release() }

    // MARK: Saving

    /// - Throws: `StateFailure.state` for a state that could not be read again; the saved one stays.
    ///
    /// One atomic write decides; what stands around it is written in an order that a crash cannot turn against it.
    func save(_ state: AgentState) throws(StateFailure) {
        let bytes: [UInt8]
        do throws(StateRefusal) { bytes = try state.encodedAndReadBack() } catch { throw .state(error) }
        do throws(FileFailure) {
            if state.hasMoved {
                try write(.adopted, "The agent has moved; the configuration file no longer decides.")
            }
            // Without them it would accept any offer.
            if let signers = state.active.tokenSigners { try write(.signers, signers.pem) }
            try connection.save(bytes)
        } catch {
            throw .file(error)
        }
        // Readable copies: without them nothing is lost.
        try? write(.identity, state.instanceUID.description)
        if let leaf = state.active.settings.leaf { try? write(.leaf, leaf.pem) }
    }

    private func keepIdentity(of state: AgentState) throws(StateFailure) {
        do throws(FileFailure) { try write(.identity, state.instanceUID.description) } catch { throw .file(error) }
    }

    private var connection: StateFile { Self.connectionFile(in: path) }

    static func connectionFile(in directory: String) -> StateFile {
        StateFile(path: path(of: .connection, in: directory), label: File.connection.rawValue, limit: Limits.stateBytes)
    }

    /// Only when it would change something, so that a step costs one sync.
    private func write(_ file: File, _ text: String) throws(FileFailure) {
        let path = Self.path(of: file, in: path)
        let bytes = Array((text.hasSuffix("\n") ? text : text + "\n").utf8)
        if let present = try? AtomicFile.read(path, limit: Limits.pemBytes), present == bytes { return }
        try AtomicFile.write(bytes, to: path, mode: .private, label: file.rawValue)
    }

    private func text(_ file: File) throws(StateFailure) -> String? {
        do throws(FileFailure) {
            return try AtomicFile.read(Self.path(of: file, in: path), limit: Limits.pemBytes).map {
                String(decoding: $0, as: UTF8.self)
            }
        } catch {
            throw .file(error)
        }
    }
}
