import Foundation
import ServerAPI
import Testing
import Vocabulary

/// What operators do when a handover is not to go on, or not by itself.
@Suite(.timeLimit(.minutes(3))) struct HandoverCommandTests {
    @Test func `a handover is pushed by hand, cancelled by the source and withdrawn from by the target`() async throws {
        try await Regions.open { regions, _ in
            try await cancelled(regions)
            try await withdrawn(regions)
            try await pushed(regions)
        }
    }

    @Test func `a redemption that the source did not confirm and a preview with problems have statuses of their own`()
        async throws
    {
        try await Regions.open { regions, _ in
            let shell = regions.shell
            let id = try await issue(regions).handover.id.description
            // The source can write no byte to its disk, as when its quota is used up, so that it cannot confirm.
            try await shell.type("source=$(jobs -p | head -n 1); prlimit --pid $source --fsize=0:unlimited")
            let redeemed = try await shell.type(
                "mini-server handover redeem --token-file token --context us && echo status 0 || echo status $?")
            #expect(redeemed.contains("phase        redeeming") && redeemed.contains("status 3"), "\(redeemed)")
            #expect(redeemed.contains("warning: eu-region has not confirmed the redemption yet"))
            let preview = try await shell.type(
                "mini-server handover preview --token-file token --context us && echo status 0 || echo status $?")
            #expect(preview.contains("problem: handover.") && preview.contains("status 4"), "\(preview)")
            // It goes on, and so does the handover when there is room.
            #expect(try await regions.handover(id, on: "eu").phase == .issued)
            try await shell.type("prlimit --pid $source --fsize=unlimited:unlimited")
            try await regions.wait(for: id, on: "us", toReach: .arrived)
        }
    }

    private func issue(_ regions: Regions) async throws -> IssuedHandover {
        let issued: IssuedHandover = try await regions.shell.json(
            "mini-server handover issue \(regions.agent) --to us-region --ttl 10m --context eu")
        try await regions.shell.write(issued.token, to: "token")
        return issued
    }

    private func redeem(_ regions: Regions) async throws -> HandoverSummary {
        try await regions.shell.json("mini-server handover redeem --token-file token --context us")
    }

    /// The agent is away while its handover is cancelled, so that it never hears of it.
    private func cancelled(_ regions: Regions) async throws {
        let shell = regions.shell
        try await shell.type("kill $agent; wait $agent")
        try await regions.wait(for: regions.agent, on: "eu", toBe: .offline)
        let issued = try await issue(regions)
        #expect(issued.warnings.count == 1, "the agent is offline")
        let id = issued.handover.id.description
        let early = try await shell.refused("mini-server handover push \(id) --context eu")
        #expect(early.contains("handover.not-redeemed"))
        let second = try await shell.refused(
            "mini-server handover issue \(regions.agent) --to us-region --context eu")
        #expect(second.contains("handover.handover-open") && second.contains(id))

        let arriving = try await redeem(regions)
        #expect(arriving.phase == .awaiting)
        let twice = try await shell.refused("mini-server handover redeem --token-file token --context us")
        #expect(twice.contains("handover.already-redeemed"))
        let said = try await shell.type("mini-server handover cancel \(id) --reason 'not today' --context eu")
        #expect(said.contains("phase        cancelled"))
        try await regions.wait(for: id, on: "us", toReach: .withdrawn)
        #expect(try await shell.type("mini-server handover show \(id) --context eu").contains("not today"))
        let row = try #require(arriving.agent?.description)
        try await regions.wait(for: row, on: "us", toBe: .withdrawn)
        #expect(try await shell.type("mini-server handover list --open --context eu").contains("(none)"))
        #expect(try await shell.refused("mini-server handover cancel \(id) --context eu").contains("handover.over"))
    }

    private func withdrawn(_ regions: Regions) async throws {
        let id = try await issue(regions).handover.id.description
        #expect(try await redeem(regions).phase == .awaiting)
        let said = try await regions.shell.type("mini-server handover cancel \(id) --context us")
        #expect(said.contains("phase        withdrawn"))
        try await regions.shell.wait(until: "the source has heard of it") {
            try await $0.type("mini-server handover list --open --context eu").contains("(none)")
        }

        try await regions.shell.type("opamp-agent run --config agent.yaml > agent.log 2>&1 & agent=$!")
        try await regions.wait(for: regions.agent, on: "eu", toBe: .live)
        #expect(try await !regions.shell.read("agent.log").contains("move.began"), "it stays where it is")
    }

    /// The agent is stopped between two instructions, so that the offer is on its way until it goes on.
    private func pushed(_ regions: Regions) async throws {
        let shell = regions.shell
        try await shell.type("kill -STOP $agent")
        let id = try await issue(regions).handover.id.description
        _ = try await redeem(regions)
        try await regions.wait(for: id, on: "eu", toReach: .offered)
        #expect(try await shell.type("mini-server handover push \(id) --context eu").contains("phase        offered"))
        try await shell.type("kill -CONT $agent")
        try await regions.wait(for: id, on: "eu", toReach: .moved)
        let story = try await shell.type("mini-server handover show \(id) --context eu")
        #expect(story.contains("Handover.PushRequested"))
        #expect(story.components(separatedBy: "Handover.AgentLeaving").count == 2, "it went once")
        #expect(try await shell.refused("mini-server handover cancel \(id) --context eu").contains("already-moved"))
        #expect(try await shell.refused("mini-server handover cancel \(id) --context us").contains("already-arrived"))
    }
}
