/// When memory that connections had is worth giving back: giving back costs a walk through the heap.
struct HeapUpkeep {
    /// Connections, of which each had about 50 KiB.
    static let worthwhile = 100

    /// Of those whose memory the process may still have.
    private var most = 0
    private var haveMostGone = false

    /// To be asked every few seconds.
    ///
    /// - Parameter connected: how many there are now, and how many there were at once since the last time.
    /// - Returns: whether many had gone when this was asked before. Since then their memory has become free: a connection
    ///   that has ended waits up to 2 s for the other end's part of the TLS close.
    mutating func isDue(after connected: (now: Int, most: Int)) -> Bool {
        let isDue = haveMostGone
        most = max(most, connected.most)
        haveMostGone = most - connected.now >= Self.worthwhile
        if haveMostGone { most = connected.now }
        return isDue
    }
}
