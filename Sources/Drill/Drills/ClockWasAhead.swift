import Certificates
import Foundation
import Vocabulary

extension Drill {
    /// A certificate that was made by a clock that ran ahead; no clock is turned here.
    static let clockWasAhead = Drill(
        "clock-was-ahead",
        "US is given a listener certificate that begins tomorrow: it refuses to start, and says why",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let company = try ForeignAuthority("Company CA")
        let files = try company.writeListenerIdentity(into: run.world.directory)
        let options = ["--listener-cert", files.certificate.path, "--listener-key", files.key.path]
        try await run.step("US is to start with a certificate that begins tomorrow, and says no") { notes in
            _ = try company.writeListenerIdentity(into: run.world.directory, validAfter: .seconds(86_400))
            try await us.stop()
            do {
                try await us.start(options, trusting: company.certificate.pem)
            } catch WorldFailure.processEnded(_, let how, let lastLines) {
                let words = lastLines.joined(separator: " ")
                try notes.expect("it ends with an error", how != "exited with status 0", seen: how)
                try notes.expect(
                    "it names the certificate as not yet valid", words.lowercased().contains("valid"), seen: words)
                return notes.say(lastLines.first ?? how)
            }
            throw UnmetExpectation("US refuses to start", seen: "it listens with that certificate")
        }
        try await run.step("US starts with its own, and EU reaches it") { notes in
            try await us.start()
            try await regions.ping(from: eu, to: us, notes)
        }
        try await run.step("EU hands the agent to US") { notes in
            _ = try await regions.handOver(agent, from: eu, to: us, notes)
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
        }
    }
}
