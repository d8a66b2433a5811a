import Vocabulary

extension Duration {
    /// Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date in any of its three forms. At most a day,
    /// so that one bad answer does not silence an agent.
    init?(retryAfter text: String, at now: Timestamp) {
        let day = Duration.seconds(86_400)
        let trimmed = text.trimmingSpaces
        if !trimmed.isEmpty, trimmed.utf8.allSatisfy({ (48...57).contains($0) }) {
            self = Int64(trimmed).map { min(.seconds($0), day) } ?? day
        } else if let date = Timestamp(httpDate: trimmed) {
            self = min(max(.zero, date - now), day)
        } else {
            return nil
        }
    }
}

extension Timestamp {
    /// RFC 9110 section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT` and its two obsolete forms.
    init?(httpDate text: String) {
        let parts = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        let year: String
        let month: String
        let day: String
        let time: String
        if parts.count == 6, parts[5] == "GMT" {
            (day, month, year, time) = (parts[1], parts[2], parts[3], parts[4])
        } else if parts.count == 5 {
            (month, day, time, year) = (parts[1], parts[2], parts[3], parts[4])
        } else {
            return nil
        }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard let index = months.firstIndex(of: month), day.utf8.count <= 2 else { return nil }
        let fullYear = year.utf8.count == 2 ? (year >= "70" ? "19" : "20") + year : year
        func padded(_ text: String) -> String { text.utf8.count == 1 ? "0" + text : text }
        self.init("\(fullYear)-\(padded(String(index + 1)))-\(padded(day))T\(time)Z")
    }
}

extension String {
    var trimmingSpaces: String {
        let rest = drop { $0 == " " || $0 == "\t" }
        return String(rest.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
