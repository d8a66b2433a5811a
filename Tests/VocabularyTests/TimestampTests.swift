import Testing
import Vocabulary

struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (1, "1970-01-01T00:00:00.001Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
            (1_740_787_200_000, "2025-03-01T00:00:00.000Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (1_795_314_692_123, "2026-11-22T02:31:32.123Z"),
        ] as [(Int64, String)])
    func `RFC 3339 text goes both ways`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text) == Timestamp(milliseconds: milliseconds))
    }

    @Test func `days of eight centuries are read back`() {
        for day in stride(from: Int64(-146_097), to: 146_097, by: 29) {
            let time = Timestamp(milliseconds: day * 86_400_000 + 3_723_004)
            #expect(Timestamp(time.description) == time)
        }
    }

    @Test func `the fraction may be missing when reading`() {
        #expect(Timestamp("1970-01-01T00:00:01Z") == Timestamp(seconds: 1))
    }

    @Test(arguments: [
        "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00+00:00", "1970-01-01t00:00:00z",
        "1970-01-01 00:00:00Z", "1970-01-01T00:00:00.0Z", "1970-01-01T00:00:00,000Z", "1970-01-01T00:00:00.00xZ",
        "1970-00-01T00:00:00Z", "1970-13-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z",
        "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "2016-12-31T23:59:60Z", "-001-01-01T00:00:00Z",
        "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "2024-04-31T00:00:00Z",
        "1970-01-01T00:00:00.000\u{17F}",
    ])
    func `a time of another form, or one the calendar does not have, is refused`(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(arguments: [(1999, 1), (1000, 1), (999, 0), (0, 0), (-1, -1), (-1000, -1), (-1001, -2)] as [(Int64, Int64)])
    func `whole seconds are rounded towards the past`(milliseconds: Int64, seconds: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).seconds == seconds)
    }

    @Test func `arithmetic is exact`() {
        let time = Timestamp(seconds: 100)
        #expect(time + .seconds(60) == Timestamp(seconds: 160))
        #expect(time - .milliseconds(1) == Timestamp(milliseconds: 99_999))
        #expect(Timestamp(seconds: 160) - time == .seconds(60))
        #expect(time - Timestamp(seconds: 160) == .seconds(-60))
        #expect(time < time + .milliseconds(1))
    }

    @Test func `arithmetic at the ends of time is clamped and never traps`() {
        let (first, last) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
        #expect(first.seconds == -9_223_372_036_854_776)
        #expect(Timestamp(seconds: .max) == last)
        #expect(Timestamp(seconds: .min) == first)
        #expect(last + .seconds(1) == last)
        #expect(first - .seconds(1) == first)
        #expect(last + .seconds(Int64.max) == last)
        #expect(last - .seconds(Int64.min) == last)
        #expect(first - .nanoseconds(Int64.max) == first)
        #expect((last - first).wholeMilliseconds == .max)
        #expect((first - last).wholeMilliseconds == -.max)
        #expect(last - .milliseconds(Int64.min) == last)
        #expect(Timestamp(milliseconds: 0) - (first - Timestamp(milliseconds: 0)) == last)
        #expect(last.description == "292278994-08-17T07:12:55.807Z")
        #expect(first.description == "-292275055-05-16T16:47:04.192Z")
    }

    @Test(
        arguments: [
            (.milliseconds(5), 5), (.microseconds(1999), 1), (.microseconds(-1999), -1), (.seconds(2), 2000),
            (.zero, 0),
        ] as [(Duration, Int64)])
    func `a duration is cut to whole milliseconds towards zero`(duration: Duration, milliseconds: Int64) {
        #expect(duration.wholeMilliseconds == milliseconds)
    }
}
