import Foundation
import Vocabulary

extension Timestamp {
    /// The drill's only wall clock.
    static var present: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
