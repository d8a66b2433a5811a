/// Which handover an agent adopted last or, towards a server it tries, which one brings it there.
///
/// The agent says it in the header `Handover-Epoch` of each upgrade and of the first POST of a run, and in a custom
/// message to a server that has listed the capability.
public struct HandoverEpoch: Hashable, Sendable {
    /// 0 before the first handover.
    public var epoch: Epoch
    /// `nil` before the first handover.
    public var handover: HandoverID?

    public init(_ epoch: Epoch, handover: HandoverID?) {
        self.epoch = epoch
        self.handover = handover
    }
}

// MARK: - Header

extension HandoverEpoch {
    /// `3 0f1e…`, or `0` without a handover.
    public var headerText: String {
        handover.map { "\(epoch) \($0)" } ?? String(epoch)
    }

    /// `nil` for everything that `headerText` does not write.
    public init?(headerText: String) {
        let parts = headerText.split(separator: " ", omittingEmptySubsequences: false)
        guard 1...2 ~= parts.count, let epoch = Epoch(parts[0]), String(epoch) == parts[0] else { return nil }
        guard parts.count == 2 else {
            self.init(epoch, handover: nil)
            return
        }
        guard let handover = HandoverID(String(parts[1])) else { return nil }
        self.init(epoch, handover: handover)
    }
}

// MARK: - Custom message

extension HandoverEpoch {
    /// `{"epoch":3,"jti":"0f1e…"}`, the data of `MoveMessage.standingType`.
    public var json: [UInt8] {
        let json = JSON.members([
            "epoch": .integer(Int64(clamping: epoch)), "jti": handover.map { .string($0.description) },
        ])
        return json.utf8
    }

    /// `nil` without an epoch. Other members are ignored, so that later versions may add some.
    public init?(json: some Collection<UInt8>) {
        guard let json = try? JSON(reading: Array(json)), let epoch = json["epoch"]?.integer, epoch >= 0 else {
            return nil
        }
        self.init(Epoch(epoch), handover: json["jti"]?.string.flatMap { HandoverID($0) })
    }
}
