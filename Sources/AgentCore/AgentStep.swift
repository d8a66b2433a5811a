/// What one event led to.
///
/// The shell's law, for every event:
/// 1. `let step = agent.next(after: event, at: wallClock.now, chance: random.next())`
/// 2. if `step.save` is there, make it durable (file and directory synced). If that fails, throw the whole step away
///    and go on with `agent.next(after: .saveFailed(during: event), ...)`; that step never asks for a save.
/// 3. `agent = step.agent`
/// 4. write `step.log`, carry out `step.directives` in order
/// 5. feed each result back as an event, one at a time, never from inside step 4.
public struct AgentStep: Equatable, Sendable {
    public var agent: Agent
    /// The state that must be durable before any directive is carried out; `nil` when nothing durable changed.
    public var save: AgentState?
    public var directives: [AgentDirective]
    public var log: [AgentLogEntry]
}
