import BareClient
import Certificates
import Foundation
import HostSystem
import TestPKI
import Vocabulary

/// The bare server beside the product's, with an authority of its own and agents who have leaves from it.
@MainActor final class BareServerProcess {
    let loadTarget: LoadTarget
    let agents: [BenchAgent]
    /// CA, leaf and key of one more agent, as PEM.
    let session: [String]
    private let process: ChildProcess

    init(in folder: URL, agents count: Int) async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let authority = try TestAuthority()
        let listener = try authority.listener()
        agents = try (0..<count).map { index in
            let leaf = try authority.agent()
            return BenchAgent(
                identity: try BareIdentity(certificate: leaf.certificate.pem, key: leaf.key.pem.revealText()),
                uid: BenchAgent.freshUID(), name: "bare-\(index + 1)")
        }
        let leaf = try authority.agent()
        session = [authority.certificate.pem, leaf.certificate.pem, leaf.key.pem.revealText()]
        let files = ["listener.pem", "listener.key"].map { folder.appending(path: $0) }
        try Data(listener.certificate.pem.utf8).write(to: files[0])
        try Data(listener.key.pem.revealText().utf8).write(to: files[1])

        let beside = (Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])).resolvingSymlinksInPath()
        process = try ChildProcess(
            beside.deletingLastPathComponent().appending(path: "bare-server").path,
            [
                "--certificate", files[0].path, "--key", files[1].path, "--database",
                folder.appending(path: "messages.sqlite").path,
            ], output: .pipe)
        let line = String(decoding: try await process.output.next(), as: UTF8.self)
        guard let port = line.split(whereSeparator: \.isWhitespace).last.flatMap({ Int($0) }) else {
            process.send(SIGTERM)
            throw BenchFailure.notRunning("the bare server")
        }
        loadTarget = LoadTarget(
            destination: BareDestination(port: port, trust: try BareTrust(authority: authority.certificate.pem)),
            processID: process.processID, isBare: true)
    }

    func end() async {
        process.send(SIGTERM)
        await process.ended()
    }
}
