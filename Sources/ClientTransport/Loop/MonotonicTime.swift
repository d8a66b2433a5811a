internal import CWebSockets

/// Microseconds of the monotonic clock.
func monotonicMicroseconds() -> Int64 {
    lws_now_usecs()
}

extension Duration {
    /// Rounded up, so that a timer never fires early; clamped to 30 years.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let clamped = min(max(seconds, -1), 1_000_000_000)
        return clamped * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    }
}
