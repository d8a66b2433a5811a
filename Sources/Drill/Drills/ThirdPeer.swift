extension Drill {
    /// EU makes a certificate for each peer, as the document says; to each it has to show the one that this peer knows.
    static let thirdPeer = Drill(
        "third-peer", "EU federates with three peers, each time with a new certificate: none of them is cut off",
        showing: .arrival
    ) { run in
        let regions = try await TwoRegions.ready(run)
        let (eu, us, agent) = (regions.eu, regions.us, regions.agent)
        var peers = [us]
        @MainActor func pingAll(_ notes: StepNotes) async throws {
            for peer in peers {
                try await regions.ping(from: eu, to: peer, notes)
                try await regions.ping(from: peer, to: eu, notes)
            }
            notes.say("\(peers.count * 2) pings")
        }
        for label in ["AP", "SA"] {
            let peer = run.world.addServer(label)
            try await run.step("\(label) starts, and federates with EU") { notes in
                try await regions.start(peer, notes)
                try await regions.saveConfiguration(on: peer, notes)
                try await regions.federateAnew(eu, peer, notes)
                peers.append(peer)
            }
            try await run.step("all pings are 200 OK") { try await pingAll($0) }
        }
        try await run.step("EU restarts, so that every connection is a new one: all pings are 200 OK") { notes in
            try await eu.stop()
            try await eu.start()
            try await pingAll(notes)
        }
        for peer in peers {
            // There and back again would be four adoptions of one agent, and it takes part in three in ten minutes.
            let traveller = peer.label == us.label ? agent : run.world.addAgent("agent-to-\(peer.label.lowercased())")
            try await run.step("EU hands an agent to \(peer.label)") { notes in
                if traveller !== agent { try await regions.enrol(traveller, on: eu, notes) }
                _ = try await regions.handOver(traveller, from: eu, to: peer, notes)
                try await regions.movedToPeer(traveller, from: eu, to: peer, notes)
            }
        }
    }
}
