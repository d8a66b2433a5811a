/// One thing the tool can do.
struct Subcommand: Sendable {
    var usage: String
    var run: @Sendable ([String]) throws -> Void
}

enum UsageFailure: Error {
    case missingOrWrong(String)
}
