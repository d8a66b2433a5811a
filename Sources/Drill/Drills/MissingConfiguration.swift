import ServerAPI
import Vocabulary

extension Drill {
    /// Configurations do not travel; the seed's third failure mode.
    static let missingConfiguration = Drill(
        "missing-configuration", "the target has no configuration of that name: refused by name, until there is one",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run, configurationOnUS: false)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        let issued = try await run.step("EU issues a token") { try await regions.issue(agent, from: eu, to: us, $0) }
        try await run.step("the preview on US names what is missing") { notes in
            let preview = try await regions.preview(issued, of: agent, from: eu, on: us, notes)
            let problem = try notes.expectSome(
                "the preview shows the problem",
                preview.problems.first { $0.code == HandoverCode.configurationMissing.code })
            try notes.expect(
                "it names the configuration", problem.cause.contains(TwoRegions.configuration), seen: problem.cause)
            notes.say(problem.cause)
        }
        try await run.step("US tries to redeem it all the same") { notes in
            let said = try await notes.expectRefusal(HandoverCode.configurationMissing.code, of: "the redemption") {
                try await regions.redeem(issued, on: us, configuration: nil, notes)
            }
            notes.say(said.title)
        }
        try await run.step("nothing has changed: the agent is live on EU, US has no row") { notes in
            try await regions.neverLeft(agent, eu: eu, us: us, notes)
        }
        try await run.step("US creates the configuration, and the same token works") { notes in
            try await regions.saveConfiguration(on: us, notes)
            try await regions.redeem(issued, on: us, notes)
            try await regions.arrived(issued, agent, from: eu, on: us, notes)
        }
        try await run.step("the agent applies US's configuration") { try await regions.applied(agent, on: us, $0) }
    }
}
