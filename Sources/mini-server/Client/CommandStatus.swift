import ArgumentParser

/// How a command ended, for scripts. What fails or is refused ends with 1, a command line that is not understood with 64.
enum CommandStatus {
    /// `handover redeem`: the redemption is saved and will be repeated; the source has not confirmed it yet.
    static let notConfirmed = ExitCode(3)
    /// `handover preview`: the token would be refused as things are.
    static let wouldBeRefused = ExitCode(4)
}
