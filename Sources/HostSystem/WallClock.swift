import Glibc
package import Vocabulary

/// The host's clock of day. It can be set and can jump; only shells read it.
package enum WallClock {
    package static func now() -> Timestamp {
        var time = timespec()
        // It cannot fail for this clock and a valid address (clock_gettime(2)).
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
