/// The questions about handovers. Each is answered by an index, and reads no text.
enum HandoverQuery {
    private static let start = "SELECT role, id, stamp FROM handovers WHERE role = ?1"
    // Without statistics SQLite takes the index over all of an agent's handovers for as good.
    private static let ofPending = """
        SELECT role, id, stamp FROM handovers INDEXED BY handovers_pending
        WHERE role = ?1 AND agent = ?2 AND concernsAgent = 1
        """

    static let find = "\(start) AND id = ?2"
    static let all = "\(start) ORDER BY id"
    static let open = """
        SELECT role, id, stamp FROM handovers INDEXED BY handovers_open_side
        WHERE role = ?1 AND isOpen = 1 ORDER BY id
        """
    static let ofLeaf = "\(start) AND leaf = ?2 ORDER BY epoch"
    static let ofAgent = "\(start) AND agent = ?2 ORDER BY epoch"
    static let latestOfAgent = "\(start) AND agent = ?2 ORDER BY epoch DESC LIMIT 8"
    static let openOfAgent = "\(ofPending) AND isOpen = 1 ORDER BY epoch"
    static let pending = "\(ofPending) ORDER BY epoch"
    static let binding = """
        \(start) AND leaf = ?2 AND (isOpen = 1 OR phase = 'settled') ORDER BY epoch DESC LIMIT 8
        """
    static let phases = "SELECT phase, count(*) FROM handovers WHERE role = ? GROUP BY phase"
    static let texts = """
        SELECT claims.text, handovers.state, handovers.updatedAt FROM handovers
        JOIN claims ON claims.id = handovers.id WHERE handovers.role = ? AND handovers.id = ?
        """

    private static let changing = [
        "phase", "isOpen", "concernsAgent", "agent", "redemption", "deadline", "probationEnds", "returnsFrom",
        "offerHash", "updatedAt", "stamp", "state",
    ]
    private static let lasting = ["role", "id", "leaf", "epoch", "peer", "issuedAt"]

    static let update =
        "UPDATE handovers SET " + changing.map { "\($0) = ?" }.joined(separator: ", ") + " WHERE role = ? AND id = ?"
    static let insert = """
        INSERT INTO handovers (\((lasting + changing).joined(separator: ", ")))
        VALUES (?\(String(repeating: ", ?", count: lasting.count + changing.count - 1)))
        """

    /// The youngest first, of both sides: `?1` is whether only open ones are meant, the others the last one seen.
    static func page(onlyOpen: Bool) -> String { onlyOpen ? openPage : anyPage }

    static let anyPage = page("")
    static let openPage = page("isOpen = 1 AND ")

    private static func page(_ condition: String) -> String {
        """
        SELECT role, id, stamp, issuedAt FROM handovers
        WHERE \(condition)(issuedAt, id) < (?1, ?2) AND (?3 IS NULL OR peer = ?3)
        ORDER BY issuedAt DESC, id DESC LIMIT ?4
        """
    }
}
