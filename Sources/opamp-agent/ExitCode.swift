import AgentExtension

/// What the program ends with.
enum ExitCode: Int32, CaseIterable {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    case badConfiguration = 3
    case badState = 4
    case serverNotReached = 5
    /// A service manager should start the program again.
    case restartRequested = 10
    /// A signal to somebody who does not want to wait for a goodbye.
    case interrupted = 130

    init(_ error: any Error) {
        self =
            switch error {
            case is ConfigurationRefusal: .badConfiguration
            case is StateFailure: .badState
            case EnrolmentFailure.settingsNotAccepted: .badConfiguration
            case EnrolmentFailure.noToken, EnrolmentFailure.nothingToRenew, EnrolmentFailure.leafOfTheHost: .wrongUsage
            case is EnrolmentFailure: .serverNotReached
            default: .failed
            }
    }

    static let words = """
        Exit status: 0 done, 1 failed, 2 wrong usage,
        3 configuration not accepted, 4 state directory, 5 server not reached or refusing,
        10 restart requested by the server, 130 stopped at once by a signal.
        """
}
