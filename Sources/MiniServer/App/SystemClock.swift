import Foundation
import Vocabulary

extension Timestamp {
    /// The machine's clock. Shells read it; whatever decides is handed the time.
    static var now: Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }
}
