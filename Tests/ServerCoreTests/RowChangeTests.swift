import Certificates
import ServerCore
import TestValues
import Testing
import Vocabulary

@Suite struct RowChangeTests {
    let world = PeerWorld.shared

    private func expected(in row: AgentRecord?) throws -> AgentRecord {
        let arrival = Arrival(
            row: .init(repeating: 0x22), reusesRow: row != nil, claims: try world.claims(), group: "edge",
            configuration: nil)
        return try #require(RowChange.expect(arrival).applied(to: row))
    }

    @Test func `an agent that was never here is expected in a new row without a leaf`() throws {
        let row = try expected(in: nil)
        #expect(row.id == .init(repeating: 0x22) && row.presence == .arriving && row.leaf == nil)
        #expect(row.epoch == 3 && row.group == "edge" && row.origin?.handover == .init(repeating: 1))
    }

    @Test func `an agent that comes back with the leaf it had keeps it, and its revocation`() throws {
        var row = world.agent(presence: .movedToPeer(world.eu.id, name: "eu"))
        row.leafRevoked = true
        row.epoch = 9
        let expected = try expected(in: row)
        #expect(expected.leaf == world.leaf && expected.previousLeaf == nil && expected.leafRevoked)
        #expect(expected.epoch == 9 && expected.configuration == nil)
    }

    @Test(arguments: [false, true])
    func `an agent that comes back with another leaf has its old one linked, unless it was revoked`(
        revoked: Bool
    ) throws {
        var row = world.agent(presence: .movedToPeer(world.eu.id, name: "eu"))
        row.leaf = world.us.federation
        row.leafRevoked = revoked
        let expected = try expected(in: row)
        #expect(expected.leaf == nil && !expected.leafRevoked)
        #expect(expected.previousLeaf == (revoked ? nil : world.us.federation.fingerprint))
    }

    @Test func `an epoch never falls, and no row is made but by an arrival`() {
        let row = world.agent()
        #expect(RowChange.raiseEpoch(row.id, to: 1).applied(to: row)?.epoch == 2)
        #expect(RowChange.raiseEpoch(row.id, to: 7).applied(to: row)?.epoch == 7)
        #expect(RowChange.activate(row.id).applied(to: nil) == nil)
    }
}
