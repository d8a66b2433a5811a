import Synchronization
import Vocabulary

/// Leaves whose handover is being redeemed at the source now. An agent that connects meanwhile waits for the answer; a
/// call has a deadline, so the wait has one too.
final class RedemptionsUnderWay: Sendable {
    private struct Redemption {
        var count = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let redemptions = Mutex<[Fingerprint: Redemption]>([:])

    func begin(_ leaf: Fingerprint) {
        redemptions.withLock { $0[leaf, default: Redemption()].count += 1 }
    }

    /// Its outcome is saved.
    func finish(_ leaf: Fingerprint) {
        let waiting = redemptions.withLock { redemptions -> [CheckedContinuation<Void, Never>] in
            guard var redemption = redemptions[leaf] else { return [] }
            redemption.count -= 1
            redemptions[leaf] = redemption.count == 0 ? nil : redemption
            return redemption.count == 0 ? redemption.waiting : []
        }
        for one in waiting { one.resume() }
    }

    func isUnderWay(for leaf: Fingerprint) -> Bool { redemptions.withLock { $0[leaf] != nil } }

    /// Returns when no redemption for this leaf is under way.
    func end(of leaf: Fingerprint) async {
        await withCheckedContinuation { continuation in
            let isUnderWay = redemptions.withLock { redemptions in
                guard redemptions[leaf] != nil else { return false }
                redemptions[leaf]?.waiting.append(continuation)
                return true
            }
            if !isUnderWay { continuation.resume() }
        }
    }
}
