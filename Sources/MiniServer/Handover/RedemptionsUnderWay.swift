import Vocabulary

/// Leaves whose handover is being redeemed at the source now. An agent that connects meanwhile waits for the answer; a
/// call has a deadline, so the wait has one too.
actor RedemptionsUnderWay {
    private struct Redemption {
        var count = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private var redemptions: [Fingerprint: Redemption] = [:]

    func begin(_ leaf: Fingerprint) { redemptions[leaf, default: Redemption()].count += 1 }

    /// Its outcome is saved.
    func finish(_ leaf: Fingerprint) {
        guard var redemption = redemptions[leaf] else { return }
        redemption.count -= 1
        guard redemption.count == 0 else {
            redemptions[leaf] = redemption
            return
        }
        redemptions[leaf] = nil
        for one in redemption.waiting { one.resume() }
    }

    /// Returns when no redemption for this leaf is under way.
    func end(of leaf: Fingerprint) async {
        guard redemptions[leaf] != nil else { return }
        await withCheckedContinuation { redemptions[leaf, default: Redemption()].waiting.append($0) }
    }
}
