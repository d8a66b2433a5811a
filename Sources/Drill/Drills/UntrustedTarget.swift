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
        try await run.step("EU learns of the CA from US itself, signed, and a new token names it") { notes in
            let ping = try await eventually("EU reaches US under the other CA", within: .seconds(15)) {
                let ping = try await eu.ping(us.name)
                return ping.ok ? Sight.here(ping.text) : .notYet(ping.text)
            }
            let next = try await regions.issue(agent, from: eu, to: us, notes)
            let preview = try await regions.preview(next, of: agent, from: eu, on: us, notes)
            try notes.expect(
                "nothing stands against the new token", preview.problems.isEmpty,
                seen: "\(preview.problems.map(\.code))")
            try await regions.cancel(next, on: eu, notes)
            notes.say(ping)
        }
        try await run.step("US gets its own certificate back and withdraws its row") { notes in
            try await us.stop()
            try await us.start()
            try await regions.withdrawn(issued, agent, on: us, notes)
        }
    }
}
