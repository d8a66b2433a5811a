import Glibc

/// What another process has used so far.
public enum ProcessCost {
    /// User and system time of all its threads, the ended ones too, in microseconds.
    public static func cpu(of process: Int32) throws(BareFailure) -> Double {
        var (clock, time) = (clockid_t(), timespec())
        let code = unsafe clock_getcpuclockid(process, &clock)
        guard code == 0 else { throw .system("clock_getcpuclockid", code) }
        guard unsafe clock_gettime(clock, &time) == 0 else { throw .system("clock_gettime", errno) }
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    /// User and system time of the calling thread, in microseconds.
    public static func ownThread() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }

    /// The wall clock in milliseconds, finer than a `Timestamp`.
    public static func wallClock() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    public static func kill(_ process: Int32) { _ = Glibc.kill(process, SIGKILL) }
}
