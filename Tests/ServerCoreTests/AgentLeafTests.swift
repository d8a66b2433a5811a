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
        newer = try PeerWorld.leaf(of: world.row, by: world.eu, at: world.now, serial: 3)
        newest = try PeerWorld.leaf(of: world.row, by: world.eu, at: world.now, serial: 4)
    }

    @Test func `both leaves are honoured between issue and first use, a day at most`() {
        var row = world.agent()
        #expect(!row.honours(newer.fingerprint, at: world.now))
        row.renew(newer, over: world.leaf.fingerprint, at: world.now)
        row.seen(with: world.leaf, hasStayed: true)
        row.seen(with: newer, hasStayed: false)
        for (leaf, isHonouredAfterADay) in [(newer, true), (world.leaf, false)] {
            #expect(row.honours(leaf.fingerprint, at: world.now + day - .milliseconds(1)))
            #expect(row.honours(leaf.fingerprint, at: world.now + day) == isHonouredAfterADay)
        }
        row.seen(with: newer, hasStayed: true)
        #expect(row.honours(newer.fingerprint, at: world.now) && !row.honours(world.leaf.fingerprint, at: world.now))
        #expect(row.previousLeaf == world.leaf.fingerprint, "the two stay linked")
    }

    @Test func `asking again with another key does not prolong the day`() {
        var row = world.agent()
        row.renew(newer, over: world.leaf.fingerprint, at: world.now)
        row.renew(newest, over: world.leaf.fingerprint, at: world.now + .seconds(3600))
        #expect(row.leaf == newest && row.previousLeafUntil == world.now + day)
        #expect(!row.honours(newer.fingerprint, at: world.now), "its holder never came with it")
        row.seen(with: newest, hasStayed: true)
        row.renew(newer, over: newest.fingerprint, at: world.now + day)
        #expect(row.previousLeaf == newest.fingerprint && row.previousLeafUntil == world.now + day + day)
    }

    @Test func `an agent that gives up the new leaf keeps the one it has`() {
        let before = world.agent()
        var row = before
        row.keeps(newer)
        #expect(row == before)
        row.renew(newer, over: world.leaf.fingerprint, at: world.now)
        row.keeps(world.leaf)
        #expect(row == before)
        row.renew(newer, over: world.leaf.fingerprint, at: world.now)
        row.seen(with: newer, hasStayed: true)
        row.keeps(world.leaf)
        #expect(row.leaf == newer, "it has been seen with the new one")
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
