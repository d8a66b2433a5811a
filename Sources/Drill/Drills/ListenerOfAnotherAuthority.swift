import Certificates
import Foundation
import ServerAPI
import Vocabulary

extension Drill {
    /// US shows a certificate from the company's CA and signs leaves and tokens with its own.
    static let listenerOfAnotherAuthority = Drill(
        "listener-of-another-authority",
        "US listens with a certificate of another CA, from files: EU federates with it and hands an agent over",
        showing: .arrival
    ) { run in
        let regions = TwoRegions(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let company = try ForeignAuthority("Company CA")
        try await run.step("EU starts, and US with a listener certificate of the company's CA") { notes in
            let files = try company.writeListenerIdentity(into: run.world.directory)
            try await regions.start(eu, notes)
            try await regions.start(
                us, notes, options: ["--listener-cert", files.certificate.path, "--listener-key", files.key.path],
                trusting: company.certificate.pem)
            notes.say("Company CA, sha256 \("\(company.certificate.fingerprint)".prefix(12))")
        }
        try await run.step("they federate by paste, and ping each other") { notes in
            let euCertificate = try await regions.issueCertificate(on: eu, notes)
            let usCertificate = try await regions.issueCertificate(on: us, listenerAuthorities: 1, notes)
            let secrets = try await regions.addPeer(on: eu, us, certificate: usCertificate, notes)
            try await regions.addPeer(on: us, eu, certificate: euCertificate, swapping: secrets, notes)
            try await regions.ping(from: eu, to: us, notes)
            try await regions.ping(from: us, to: eu, notes)
        }
        try await run.step("an agent enrols on EU") { notes in
            try await regions.saveConfiguration(on: eu, notes)
            try await regions.saveConfiguration(on: us, notes)
            try await regions.enrol(agent, on: eu, notes)
            try await regions.enrolBystander(notes)
        }
        try await run.step("EU hands it to US") { notes in
            let issued = try await regions.handOver(agent, from: eu, to: us, notes)
            try await regions.movedToPeer(agent, from: eu, to: us, notes)
            try await regions.phase([.settled], of: issued, on: us)
            try await regions.phase([.settled], of: issued, on: eu)
        }
        try await run.step("US hands it back") { notes in
            _ = try await regions.handOver(agent, from: us, to: eu, notes)
        }
    }
}
