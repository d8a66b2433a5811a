import Certificates
import Glibc
import ScriptedOpAMPServer
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(10))) struct EnrolmentCrashTests {
    @Test func `killed at any point of its enrolment, a host enrols in the end, with the key it made first`()
        async throws
    {
        let points = try await crashPoints()
        var reached: Set<String> = []
        try await atOnce(points) { point in
            var times = 0
            while try await !enrolsInTheEnd(killedAt: "\(point)#\(times + 1)") { times += 1 }
            return times > 0 ? point : nil
        } each: {
            if let point = $0 { reached.insert(point) }
        }
        // Every file but the mark of an agent that has moved, and every directive but the one for broken lines.
        let ofMoves = points.filter { $0.hasPrefix("adopted.") }
        #expect(Set(points).subtracting(reached) == Set(ofMoves + ["directive.drop"]))
    }

    /// - Returns: true when the point was not reached, so the enrolment went through.
    private func enrolsInTheEnd(killedAt point: String) async throws -> Bool {
        let opampServer = try await ScriptedOpAMPServer.start("EU")
        defer { opampServer.stop() }
        let host = try HostDirectory()
        try host.configure(for: opampServer)
        let first = try await host.enrol(crashAt: point)
        let key = host.bytes("leaf.key")
        let uid = host.uid
        if first.signal == nil {
            #expect(first.status == 0, "\(point): \(first.log)")
        } else {
            #expect(first.signal == SIGKILL, "\(point)")
            let again = try await host.enrol()
            #expect(again.status == 0, "\(point): \(again.log)")
        }
        #expect(key == nil || host.bytes("leaf.key") == key, "\(point): another key")
        #expect(uid == nil || host.uid == uid, "\(point): another uid")
        // One key pair, one leaf, and the last word was said with it.
        #expect(opampServer.leafCount == 1, "\(point)")
        #expect(opampServer.heard.last?.leaf == host.leaf?.fingerprint, "\(point)")
        #expect(host.leaf != nil, "\(point)")
        let status = try await host.status()
        #expect(status["is_enrolled"]?.bool == true, "\(point)")
        #expect(status["leaf"]?["fingerprint"]?.string == host.leaf?.fingerprint.description, "\(point)")
        return first.signal == nil
    }
}
