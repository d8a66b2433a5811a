import Glibc

func wallClockSeconds() -> Int64 { Int64(time(nil)) }
