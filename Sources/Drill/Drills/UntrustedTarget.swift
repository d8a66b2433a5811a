import Certificates
import Foundation
import ServerAPI
import Vocabulary

extension Drill {
    /// Someone else answers at the target's address. The agent trusts the CA bundle of the token for that endpoint, and
    /// nothing else.
    static let untrustedTarget = Drill(
        "untrusted-target", "the target's certificate is not from the CA in the token: the agent does not go there",
        showing: .temptation
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await regions.offerUnderWay()
        let impostor = try ForeignAuthority("Impostor CA")
        try await run.step("US is restarted with a listener certificate of a foreign CA") { notes in
            let files = try impostor.writeListenerIdentity(into: run.world.directory)
            await us.kill()
            try await us.start(
                ["--listener-cert", files.certificate.path, "--listener-key", files.key.path],
                trusting: impostor.certificate.pem)
            run.observations.temptation = .init(
                server: us.label, what: "a server of a foreign CA at the offered endpoint was never spoken to")
            notes.say("Impostor CA, sha256 \("\(impostor.certificate.fingerprint)".prefix(12))")
        }
        try await run.step("the agent refuses it and is back on EU") { notes in
            agent.thaw()
            try await regions.returned(issued, agent, to: eu, because: "tls-untrusted", notes)
        }
        try await run.step("EU's ping says what is wrong with the certificate") { notes in
            let ping = try await eu.ping(us.name)
            try notes.expect("the ping fails", !ping.ok, seen: ping.text)
            try notes.expect("it names TLS as the reason", ping.text.contains("TLS"), seen: ping.text)
            try notes.expect(
                "it shows the certificate presented", !ping.presentedChain.isEmpty, seen: "no certificate shown")
            notes.say(ping.text)
        }
        try await run.step("US itself refuses to redeem a new token, before anything happens") { notes in
            let next = try await regions.issue(agent, from: eu, to: us, notes)
            let preview = try await regions.preview(next, of: agent, from: eu, on: us, notes)
            try notes.expect(
                "the preview names what stands against it",
                preview.problems.contains { $0.code == "handover.listener-not-covered" },
                seen: "\(preview.problems.map(\.code))")
            let said = try await notes.expectRefusal("handover.listener-not-covered", of: "the redemption") {
                try await regions.redeem(next, on: us, notes)
            }
            try await regions.cancel(next, on: eu, notes)
            notes.say(said.title)
        }
        try await run.step("US gets its own certificate back and withdraws its row") { notes in
            try await us.stop()
            try await us.start()
            try await regions.withdrawn(issued, agent, on: us, notes)
        }
    }
}
