import Glibc
import Vocabulary

extension Timestamp {
    /// The machine's clock. Shells read it; whatever decides is handed the time.
    static var now: Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
