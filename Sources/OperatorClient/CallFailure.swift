package import ServerAPI

/// A call that got no answer its caller could use.
package enum CallFailure: Error, CustomStringConvertible {
    /// The server said no, in its own words.
    case refused(Problem)
    case answered(status: Int, body: String)
    case unreadable(what: String, why: String)
    case unreachable(String)

    package var description: String {
        switch self {
        case .refused(let problem): "\(problem.status) \(problem.operatorMessage)"
        case .answered(let status, let body): "\(status) \(body.prefix(300))"
        case .unreadable(let what, let why): "\(what) cannot be read: \(why)"
        case .unreachable(let why): "no answer: \(why)"
        }
    }
}
