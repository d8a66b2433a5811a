import Glibc

/// For somebody who does not want to wait for a goodbye.
func endAtOnce() -> Never { _exit(130) }
