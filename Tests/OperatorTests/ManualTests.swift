import ServerAPI
import Testing
import Vocabulary

/// The operator's manual, typed as it stands there. A command that changes its name or its answer changes its page too.
@Suite(.timeLimit(.minutes(3))) struct ManualTests {
    @Test func `the handover of the manual goes there and back`() async throws {
        try await Regions.open { regions, page in
            let shell = regions.shell
            var page = page
            page.call("AGENT_ID", regions.agent)
            // The manual waits five minutes for what is proved as well by two seconds.
            page.call("--probation 5m", "--probation 2s")
            let there = try page.next()
            let id = try await handOver(there, from: "eu", to: "us", regions)
            page.call("HANDOVER_ID", id)

            let seen = try await shell.type(try page.next())
            #expect(seen.contains("  live "), "\(seen)")
            #expect(seen.contains("  MovedToPeer us-region "))
            #expect(seen.contains("\(id)  source"))
            for action in ["TokenIssued", "OfferSent", "Completed", "RedemptionRequested", "AgentArrived"] {
                #expect(seen.contains(" Handover.\(action) "), "\(action)")
            }
            #expect(seen.contains("APPLIED"))

            try await regions.wait(for: id, on: "eu", toReach: .settled)
            let arrived = try #require(try await regions.agents(on: "us").first)
            #expect(arrived.presence == .live && arrived.configuration == "base" && arrived.group == "edge")

            // Chapter 5 is chapter 4 with the regions exchanged.
            let back = there.replacing(regions.agent, with: arrived.id).replacing("--context eu", with: "--context x")
                .replacing("--context us", with: "--context eu").replacing("--context x", with: "--context us")
                .replacing("us-region", with: "eu-region")
            let second = try await handOver(back, from: "us", to: "eu", regions)
            try await regions.wait(for: second, on: "us", toReach: .settled)
            let home = try #require(try await regions.agents(on: "eu").first)
            #expect(home.id == regions.agent && home.fingerprint == arrived.fingerprint && home.epoch == 2)

            let looked = try await shell.type(try page.next())
            #expect(looked.contains("Handover.Settled") && looked.contains("handovers         epoch 2"), "\(looked)")
            #expect(page.isRead, "every block of the page was typed")
            try await readAudit(page, regions)
        }
    }

    /// Types a block that issues, previews and redeems, and waits until the agent is there.
    private func handOver(_ block: String, from source: String, to target: String, _ regions: Regions) async throws
        -> String
    {
        let said = try await regions.shell.type(block)
        #expect(said.contains("token, shown once; redeem it on \(target)-region"))
        #expect(said.contains("edge there, edge here") && said.contains("base there, base here"), "the preview")
        #expect(!said.contains("problem:"))
        let open: [HandoverSummary] = try await regions.shell.json("mini-server handover list --context \(source)")
        let id = try #require(open.first).id.description
        try await regions.shell.wait(until: "the agent has moved to \(target)") { _ in
            try await regions.handover(id, on: source).phase.isOne(of: [.moved, .settled])
        }
        return id
    }

    /// The page about the trail goes on in the same regions.
    private func readAudit(_ handovers: Page, _ regions: Regions) async throws {
        let shell = regions.shell
        var page = try Page("docs/operator/audit.md")
        page.call("AGENT_ID", regions.agent)
        page.call("HANDOVER_ID", handovers.spoken("HANDOVER_ID"))
        let lists = try await shell.type(try page.next())
        #expect(lists.contains("SEQ ") && lists.contains("Handover.TokenIssued") && lists.contains("\"traceID\""))
        let whole = try await shell.type(try page.next())
        #expect(whole.hasPrefix("intact: "))
        let kept = try await shell.type(try page.next())
        #expect(kept.hasPrefix("deleted 0 entries"), "nothing is that old")
        #expect(page.isRead)

        let verdict: AuditVerdict = try await shell.json("mini-server audit verify --context eu")
        #expect(verdict.ok && verdict.firstSequence == 1)
        let pruned = try await shell.type("mini-server audit prune --before 0s --context eu")
        #expect(!pruned.hasPrefix("deleted 0 entries"))
        #expect(try await shell.type("mini-server audit verify --context eu").contains("; starts at entry "))
        let left: [AuditEvent] = try await shell.json("mini-server audit list --action Audit.Checkpointed --context eu")
        #expect(left.count == 1 && left[0].actor == "admin")
        #expect(try await shell.refused("mini-server audit prune --before yesterday --context eu").contains("before"))
    }
}
