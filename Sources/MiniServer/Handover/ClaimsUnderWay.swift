import Vocabulary

/// Leaves for whose handover a claim is at the source just now. An agent that comes meanwhile waits at the door: a call
/// has a deadline, so the wait has one too.
actor ClaimsUnderWay {
    private struct Claim {
        var count = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private var claims: [Fingerprint: Claim] = [:]

    func begin(_ leaf: Fingerprint) { claims[leaf, default: Claim()].count += 1 }

    /// Its outcome is saved.
    func finish(_ leaf: Fingerprint) {
        guard var claim = claims[leaf] else { return }
        claim.count -= 1
        guard claim.count == 0 else {
            claims[leaf] = claim
            return
        }
        claims[leaf] = nil
        for one in claim.waiting { one.resume() }
    }

    /// Returns when no claim for this leaf is under way.
    func end(of leaf: Fingerprint) async {
        guard claims[leaf] != nil else { return }
        await withCheckedContinuation { claims[leaf, default: Claim()].waiting.append($0) }
    }
}
