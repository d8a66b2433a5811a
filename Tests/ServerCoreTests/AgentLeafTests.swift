import Certificates
import ServerCore
import Testing
import Vocabulary

@Suite struct AgentLeafTests {
    let world = PeerWorld.shared
    let newer: Certificate
    let newest: Certificate
    let day = Duration.seconds(24 * 3600)

    init() throws {
        newer = try PeerWorld.leaf(of: world.row, by: world.eu)
        newest = try PeerWorld.leaf(of: world.row, by: world.eu)
    }

    private func pending(_ leaf: Certificate) -> AgentRecord {
        var row = world.agent()
        row.pendingLeaf = leaf
        return row
    }

    @Test func `an issued leaf is accepted and changes nothing until the agent has used it`() {
        var row = pending(newer)
        row.seen(with: world.leaf, hasStayed: true, at: world.now)
        row.seen(with: newer, hasStayed: false, at: world.now)
        #expect(row == pending(newer))
        for leaf in [newer, world.leaf] {
            #expect(row.honours(leaf.fingerprint, at: world.now + day + day), "nothing ends by itself")
        }
        #expect(!row.honours(newest.fingerprint, at: world.now))
    }

    @Test func `the day of the previous leaf begins when the new one was shown`() {
        var row = pending(newer)
        let shown = world.now + day + day
        row.seen(with: newer, hasStayed: true, at: shown)
        #expect(row.leaf == newer && row.pendingLeaf == nil && row.previousLeaf == world.leaf.fingerprint)
        #expect(row.honours(world.leaf.fingerprint, at: shown + day - .milliseconds(1)))
        #expect(!row.honours(world.leaf.fingerprint, at: shown + day))
        let before = row
        row.seen(with: world.leaf, hasStayed: false, at: shown + .seconds(1))
        row.seen(with: newer, hasStayed: true, at: shown + .seconds(2))
        #expect(row == before, "one message with the previous leaf prolongs nothing")
    }

    @Test func `an agent that stays with the previous leaf has gone back to it, and the new one waits again`() {
        var row = pending(newer)
        row.seen(with: newer, hasStayed: true, at: world.now)
        row.seen(with: world.leaf, hasStayed: true, at: world.now + .seconds(1))
        #expect(row.leaf == world.leaf && row.pendingLeaf == newer, "a token names the leaf that the agent presents")
        var refused = row
        refused.refuses(newer, presenting: world.leaf, at: world.now + .seconds(1))
        #expect(refused.pendingLeaf == nil && refused.honours(newer.fingerprint, at: world.now + day))
        #expect(!refused.honours(newer.fingerprint, at: world.now + day + .seconds(1)))
        row.seen(with: newer, hasStayed: true, at: world.now + .seconds(2))
        #expect(row.leaf == newer && row.previousLeaf == world.leaf.fingerprint)
        row.seen(with: world.leaf, hasStayed: true, at: world.now + .seconds(3))
        row.seen(with: newest, hasStayed: true, at: world.now + .seconds(4))
        #expect(row.leaf == world.leaf, "a third leaf is nobody's")
    }

    @Test func `an agent that refuses its leaf keeps the previous one`() {
        var row = pending(newer)
        row.refuses(newer, presenting: world.leaf, at: world.now)
        #expect(row == world.agent(), "it was never used")

        row = pending(newer)
        row.seen(with: newer, hasStayed: true, at: world.now)
        let shown = row
        row.refuses(newer, presenting: newer, at: world.now)
        #expect(row == shown, "it is used while it is refused")
        row.refuses(newer, presenting: world.leaf, at: world.now)
        #expect(row.leaf == world.leaf && row.honours(world.leaf.fingerprint, at: world.now + day + day))
        #expect(row.honours(newer.fingerprint, at: world.now), "another host may have taken to it")
        #expect(!row.honours(newer.fingerprint, at: world.now + day))
    }

    @Test func `an enrolment leaves no leaf pending`() {
        var row = pending(newer)
        row.enrols(with: newest)
        #expect(row.leaf == newest && row.pendingLeaf == nil)
        #expect(!row.honours(newer.fingerprint, at: world.now) && !row.honours(world.leaf.fingerprint, at: world.now))
    }

    @Test func `an agent that comes back has the leaf it comes with`() {
        var row = world.agent(presence: .arriving)
        row.arrives(with: newer)
        #expect(row.leaf == newer && row.previousLeaf == world.leaf.fingerprint)
        #expect(!row.honours(world.leaf.fingerprint, at: world.now))
        let same = row
        row.arrives(with: newer)
        #expect(row == same)
        row.leaf = nil
        row.previousLeaf = world.leaf.fingerprint
        #expect(row.honours(newest.fingerprint, at: world.now), "it was never seen since")
        row.arrives(with: newest)
        #expect(row.leaf == newest && row.previousLeaf == world.leaf.fingerprint)
    }
}
