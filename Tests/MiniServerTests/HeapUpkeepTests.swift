import Testing

@testable import MiniServer

struct HeapUpkeepTests {
    @Test func `memory is given back once for every crowd that has gone`() {
        var heap = HeapUpkeep()
        let counts = [0, 99, 0, 250, 151, 150, 149, 51, 50, 0]
        var due: [Bool] = []
        for count in counts { due.append(heap.isDue(after: (now: count, most: count))) }
        #expect(
            due == [false, false, false, false, false, false, true, false, false, true])
    }

    @Test func `a crowd that came and went between two looks counts`() {
        var heap = HeapUpkeep()
        let first = heap.isDue(after: (now: 1, most: 101))
        let second = heap.isDue(after: (now: 1, most: 1))
        let third = heap.isDue(after: (now: 1, most: 1))
        #expect([first, second, third] == [false, true, false])
    }
}
