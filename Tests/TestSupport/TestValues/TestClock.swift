public import Vocabulary

public enum TestClock {
    /// The present of tests that take the time as a value. It is fixed, so that such a test never depends on the day
    /// on which it runs.
    public static let start = Timestamp(seconds: 1_800_000_000)
}
