import Testing

/// What the next phase is, for every phase and every event: a row is an event, a column the phase before, a cell the
/// phase after. `=` is "the same phase"; behind a bar stands the phase after an event that could not be saved, where it
/// is another one.
///
/// `*` marks an offer's candidate, `^` the way back, `~` an active server on probation.
struct TransitionTable: Sendable {
    struct Row: Sendable, CustomTestStringConvertible {
        let event: String
        /// By phase.
        let cells: [(phase: String, cell: String)]

        var testDescription: String { "\(event), from \(cells.first?.phase ?? "nowhere") on" }
    }

    let phases: [String]
    let rows: [Row]

    /// - Parameter text: columns stand at least two blanks apart, the phases in the first line.
    init(_ text: String) {
        let lines = text.split(separator: "\n").map { line in
            line.split(separator: "  ").map { cell in String(cell.drop { $0 == " " }) }
        }
        let phases = Array(lines[0].dropFirst())
        self.phases = phases
        rows = lines.dropFirst().map { cells in
            precondition(cells.count == phases.count + 1, "\(cells[0]) has a cell too many or too few")
            return Row(event: cells[0], cells: zip(phases, cells.dropFirst()).map { (phase: $0, cell: $1) })
        }
    }

    static let all = [atHome, trying, onProbation, leaving, leavingOnProbation]

    static let atHome = TransitionTable(
        """
        event              idle     wait     dial     report          online          stopped
        started            dial     =        =        =               =               =
        opened             =        =        report   =               =               =
        answer             =        =        =        online          =               =
        answer with offer  =        =        =        leave>*|online  leave>*|online  =
        answer to nobody   =        =        =        online          =               =
        unavailable        =        =        =        leave>wait      leave>wait      =
        bad request        =        =        =        online          =               =
        another uid        =        =        =        =               =               =
        nonsense           =        =        =        wait            wait            =
        too large          =        =        =        =               =               =
        unusable           =        =        =        =               =               =
        closed             =        =        wait     wait            wait            =
        refused            =        =        wait     wait            wait            =
        untrusted          =        =        wait     wait            wait            =
        woke heartbeat     =        =        =        =               =               =
        woke retry         =        dial     =        =               =               =
        woke nextTry       =        =        =        =               =               =
        woke answer        =        =        =        online          =               =
        woke verification  =        =        =        =               =               =
        woke leaving       =        =        =        =               =               =
        woke stable        =        =        =        =               =               =
        woke probation     =        =        =        =               =               =
        woke lost          =        =        =        =               =               =
        woke provoked      =        =        =        =               =               =
        woke meter         =        =        =        =               =               =
        woke renewal       =        =        =        =               =               =
        woke standby       =        =        =        =               =               =
        woke standbyCheck  =        =        =        =               =               =
        report changed     =        =        =        =               =               =
        capabilities       =        =        =        =               =               =
        custom message     =        =        =        =               =               =
        host applied       =        =        =        =               =               =
        host rejected      =        =        =        =               =               =
        standby verified   =        =        =        =               =               =
        leaf replaced      =        =        =        leave>          leave>          =
        config applied     =        =        =        =               =               =
        config failed      =        =        =        =               =               =
        stop               stopped  stopped  stopped  leave>stop      leave>stop      =
        stale line         =        =        =        =               =               =
        """)

    static let trying = TransitionTable(
        """
        event              idle*       wait*    dial*    report*         wait^    dial^    report^
        started            dial*|dial  =        =        =               =        =        =
        opened             =           =        report*  =               =        report^  =
        answer             =           =        =        online~|leave>  =        =        online|leave>~
        answer with offer  =           =        =        leave>*|leave>  =        =        leave>*|leave>~
        answer to nobody   =           =        =        leave>          =        =        leave>~
        unavailable        =           =        =        leave>wait*     =        =        leave>wait^
        bad request        =           =        =        leave>          =        =        leave>~
        another uid        =           =        =        leave>          =        =        leave>~
        nonsense           =           =        =        dial            =        =        wait~
        too large          =           =        =        leave>          =        =        leave>~
        unusable           =           =        =        =               =        =        =
        closed             =           =        dial     dial            =        wait~    wait~
        refused            =           =        wait*    wait*           =        wait^    wait^
        untrusted          =           =        dial     dial            =        wait~    wait~
        woke heartbeat     =           =        =        =               =        =        =
        woke retry         =           =        =        =               =        =        =
        woke nextTry       =           dial*    =        =               dial^    =        =
        woke answer        =           =        =        =               =        =        =
        woke verification  dial        dial     dial     leave>          wait~    wait~    leave>~
        woke leaving       =           =        =        =               =        =        =
        woke stable        =           =        =        =               =        =        =
        woke probation     =           =        =        =               =        =        =
        woke lost          =           =        =        =               =        =        =
        woke provoked      =           =        =        =               =        =        =
        woke meter         =           =        =        =               =        =        =
        woke renewal       =           =        =        =               =        =        =
        woke standby       =           =        =        =               =        =        =
        woke standbyCheck  =           =        =        =               =        =        =
        report changed     =           =        =        =               =        =        =
        capabilities       =           =        =        =               =        =        =
        custom message     =           =        =        =               =        =        =
        host applied       =           =        =        =               =        =        =
        host rejected      =           =        =        =               =        =        =
        standby verified   =           =        =        =               =        =        =
        leaf replaced      =           =        =        =               =        =        =
        config applied     =           =        =        =               =        =        =
        config failed      =           =        =        =               =        =        =
        stop               stopped     stopped  stopped  leave>stop*     stopped  stopped  leave>stop^
        stale line         =           =        =        =               =        =        =
        """)

    static let onProbation = TransitionTable(
        """
        event              wait~        dial~        report~          online~
        started            =            =            =                =
        opened             =            report~      =                =
        answer             =            =            online~          =
        answer with offer  =            =            leave>*|online~  leave>*|online~
        answer to nobody   =            =            online~          =
        unavailable        =            =            leave>wait~      leave>wait~
        bad request        =            =            online~          =
        another uid        =            =            =                =
        nonsense           =            =            wait~            wait~
        too large          =            =            =                =
        unusable           =            =            =                =
        closed             =            wait~        wait~            wait~
        refused            =            wait~        wait~            wait~
        untrusted          =            wait~        wait~            wait~
        woke heartbeat     =            =            =                =
        woke retry         dial~        =            =                =
        woke nextTry       =            =            =                =
        woke answer        =            =            wait~            =
        woke verification  =            =            =                =
        woke leaving       =            =            =                =
        woke stable        =            =            =                =
        woke probation     =            =            =                online
        woke lost          dial^|wait~  =            =                =
        woke provoked      =            =            =                =
        woke meter         =            =            =                =
        woke renewal       =            =            =                =
        woke standby       =            =            =                =
        woke standbyCheck  =            =            =                =
        report changed     =            =            =                =
        capabilities       =            =            =                =
        custom message     =            =            =                =
        host applied       =            =            =                =
        host rejected      =            =            =                =
        standby verified   =            =            =                =
        leaf replaced      =            =            leave>~          leave>~
        config applied     =            =            =                =
        config failed      =            =            =                =
        stop               stopped      stopped      leave>stop~      leave>stop~
        stale line         =            =            =                =
        """)

    static let leaving = TransitionTable(
        """
        event              leave>       leave>*     leave>wait  leave>wait*  leave>stop  leave>stop*
        started            =            =           =           =            =           =
        opened             =            =           =           =            =           =
        answer             =            =           =           =            =           =
        answer with offer  =            =           =           =            =           =
        answer to nobody   =            =           =           =            =           =
        unavailable        =            =           =           =            =           =
        bad request        =            =           =           =            =           =
        another uid        =            =           =           =            =           =
        nonsense           =            =           =           =            =           =
        too large          =            =           =           =            =           =
        unusable           =            =           =           =            =           =
        closed             dial         dial*       wait        wait*        stopped     stopped
        refused            dial         dial*       wait        wait*        stopped     stopped
        untrusted          dial         dial*       wait        wait*        stopped     stopped
        woke heartbeat     =            =           =           =            =           =
        woke retry         =            =           =           =            =           =
        woke nextTry       =            =           =           =            =           =
        woke answer        =            =           =           =            =           =
        woke verification  =            dial        =           dial         =           =
        woke leaving       dial         dial*       wait        wait*        stopped     stopped
        woke stable        =            =           =           =            =           =
        woke probation     =            =           =           =            =           =
        woke lost          =            =           =           =            =           =
        woke provoked      =            =           =           =            =           =
        woke meter         =            =           =           =            =           =
        woke renewal       =            =           =           =            =           =
        woke standby       =            =           =           =            =           =
        woke standbyCheck  =            =           =           =            =           =
        report changed     =            =           =           =            =           =
        capabilities       =            =           =           =            =           =
        custom message     =            =           =           =            =           =
        host applied       =            =           =           =            =           =
        host rejected      =            =           =           =            =           =
        standby verified   =            =           =           =            =           =
        leaf replaced      =            =           =           =            =           =
        config applied     =            =           =           =            =           =
        config failed      =            =           =           =            =           =
        stop               leave>stop*  leave>stop  leave>stop  leave>stop*  =           =
        stale line         =            =           =           =            =           =
        """)

    static let leavingOnProbation = TransitionTable(
        """
        event              leave>~      leave>wait~  leave>wait^  leave>stop~  leave>stop^
        started            =            =            =            =            =
        opened             =            =            =            =            =
        answer             =            =            =            =            =
        answer with offer  =            =            =            =            =
        answer to nobody   =            =            =            =            =
        unavailable        =            =            =            =            =
        bad request        =            =            =            =            =
        another uid        =            =            =            =            =
        nonsense           =            =            =            =            =
        too large          =            =            =            =            =
        unusable           =            =            =            =            =
        closed             wait~        wait~        wait^        stopped      stopped
        refused            wait~        wait~        wait^        stopped      stopped
        untrusted          wait~        wait~        wait^        stopped      stopped
        woke heartbeat     =            =            =            =            =
        woke retry         =            =            =            =            =
        woke nextTry       =            =            =            =            =
        woke answer        =            =            =            =            =
        woke verification  =            =            wait~        =            =
        woke leaving       wait~        wait~        wait^        stopped      stopped
        woke stable        =            =            =            =            =
        woke probation     =            =            =            =            =
        woke lost          =            =            =            =            =
        woke provoked      =            =            =            =            =
        woke meter         =            =            =            =            =
        woke renewal       =            =            =            =            =
        woke standby       =            =            =            =            =
        woke standbyCheck  =            =            =            =            =
        report changed     =            =            =            =            =
        capabilities       =            =            =            =            =
        custom message     =            =            =            =            =
        host applied       =            =            =            =            =
        host rejected      =            =            =            =            =
        standby verified   =            =            =            =            =
        leaf replaced      =            =            =            =            =
        config applied     =            =            =            =            =
        config failed      =            =            =            =            =
        stop               leave>stop^  leave>stop~  leave>stop^  =            =
        stale line         =            =            =            =            =
        """)
}
