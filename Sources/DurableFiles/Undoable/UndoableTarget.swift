/// What another program reads. It is replaced in steps, so that its reader can be asked before and after: it is staged beside
/// the present content, put in its place, and then confirmed or put back. A process that begins after a kill finds what it
/// needs to put the content before back.
public protocol UndoableTarget: Sendable {
    /// Where the reader finds it.
    var path: String { get }

    /// Whether there is anything at the path.
    func isPresent() throws(FileFailure) -> Bool

    /// Puts what was staged in place, durably, after what there was is kept durably. At every moment the reader finds the old
    /// content or the new one, whole.
    ///
    /// - Throws: before anything has changed, if what stands there could not be put back as it is.
    func replace() throws(FileFailure)

    /// The new content stays. The one before is kept beside it as `.NAME.previous`, for people.
    func confirm() throws(FileFailure)

    /// Removes what is staged, and puts back what a replacement that nobody has confirmed replaced. Without one nothing
    /// happens.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    func undo() throws(FileFailure) -> Bool
}
