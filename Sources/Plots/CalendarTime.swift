// Dates and times of day on an axis: seconds since 1970 in the Gregorian calendar, without time zones.

import Engine

package enum CalendarTime {
  static let day = 86_400

  /// The seconds of a date as ISO 8601 writes it: 2024-03, 2024-03-01, 2024-03-01T12:30, with or without
  /// seconds, a space in place of the T; nil for every other text.
  package static func seconds(_ text: String) -> Double? {
    let halves = text.split(omittingEmptySubsequences: false) { $0 == "T" || $0 == " " }
    let date = halves[0].split(separator: "-", omittingEmptySubsequences: false)
    guard halves.count < 3, date.count == 2 || date.count == 3,
      halves.count == 1 || date.count == 3,
      let year = number(date[0], 4, 0...9999), let month = number(date[1], 2, 1...12),
      let dayOfMonth = date.count == 2 ? 1 : number(date[2], 2, 1...days(in: month, of: year))
    else { return nil }
    var seconds = days(year, month, dayOfMonth) * day
    if halves.count == 2 {
      let time = halves[1].split(separator: ":", omittingEmptySubsequences: false)
      guard time.count == 2 || time.count == 3, let hour = number(time[0], 2, 0...23),
        let minute = number(time[1], 2, 0...59),
        let second = time.count == 2 ? 0 : number(time[2], 2, 0...59)
      else { return nil }
      seconds += hour * 3600 + minute * 60 + second
    }
    return Double(seconds)
  }

  private static func number(_ text: Substring, _ digits: Int, _ range: ClosedRange<Int>) -> Int? {
    guard text.utf8.count == digits, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      let number = Int(text), range.contains(number)
    else { return nil }
    return number
  }

  // MARK: - The calendar

  /// Days since the first of January 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date
  /// Algorithms", days_from_civil: years begin in March, 400 years have 146 097 days).
  static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The date of so many days since then (civil_from_days, there).
  static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let rest = shifted - era * 146_097
    let yearOfEra = (rest - rest / 1460 + rest / 36_524 - rest / 146_096) / 365
    let dayOfYear = rest - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let part = (5 * dayOfYear + 2) / 153
    let month = part < 10 ? part + 3 : part - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1
    )
  }

  private static func days(in month: Int, of year: Int) -> Int {
    let next = month == 12 ? (year + 1, 1) : (year, month + 1)
    return days(next.0, next.1, 1) - days(year, month, 1)
  }

  // MARK: - Ticks

  /// What ticks are apart.
  private enum Step {
    case months(Int)
    case seconds(Int)

    var size: Double {
      switch self {
      case .months(let count): Double(count) * 30.44 * Double(day)
      case .seconds(let count): Double(count)
      }
    }

    /// Steps are further apart than those of numbers: where labels are short, rather a few ticks more
    /// than half of them.
    var patience: Double {
      if case .seconds(60...) = self { 0.8 } else { 0.999 }
    }
  }

  private static let steps: [Step] =
    [1, 2, 5, 10, 15, 30].map { .seconds($0) } + [1, 2, 5, 10, 15, 30].map { .seconds(60 * $0) }
    + [1, 2, 3, 6, 12].map { .seconds(3600 * $0) } + [1, 2, 3, 7, 14].map { .seconds(day * $0) }
    + [1, 2, 3, 6].map { .months($0) }
    + [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].map { .months(12 * $0) }

  /// About so many ticks between two times, and what they do not say about all of them: the year of
  /// days, the day of hours.
  static func ticks(_ low: Double, _ high: Double, count: Int) -> (
    ticks: [Axis.Tick], context: String?
  ) {
    guard max(low.magnitude, high.magnitude) < 1e12, low <= high else { return ([], nil) }
    let rough = (high - low) / Double(max(1, count))
    let step = steps.first { $0.size >= rough * $0.patience } ?? .months(60_000)
    let times = times(step, Int(low.rounded(.up)), Int(high.rounded(.down)))
    let ticks = times.map { Axis.Tick(value: Double($0), label: label($0, step)) }
    guard case .seconds(let size) = step, let first = times.first, let last = times.last else {
      return (ticks, nil)
    }
    let (a, b) = (date(floorDay(first)), date(floorDay(last)))
    if size >= day { return (ticks, a.year == b.year ? "\(a.year)" : "\(a.year)–\(b.year)") }
    let whole = { (date: (year: Int, month: Int, day: Int)) in
      "\(date.day) \(months[date.month - 1]) \(date.year)"
    }
    return (ticks, a == b ? whole(a) : "\(whole(a)) – \(whole(b))")
  }

  private static func floorDay(_ seconds: Int) -> Int {
    seconds >= 0 ? seconds / day : (seconds - day + 1) / day
  }

  private static func times(_ step: Step, _ low: Int, _ high: Int) -> [Int] {
    var times: [Int] = []
    switch step {
    case .seconds(let size):
      // Weeks begin on Mondays; the first of January 1970 was a Thursday.
      let offset = size % (7 * day) == 0 ? 4 * day : 0
      var time = (floorDay(low) * day - offset) / size * size + offset - size
      while time <= high, times.count < 1000 {
        if time >= low { times.append(time) }
        time += size
      }
    case .months(let size):
      let first = date(floorDay(low))
      var month = (first.year * 12 + first.month - 1) / size * size
      while times.count < 1000 {
        let time = days(month / 12, month % 12 + 1, 1) * day
        guard time <= high else { break }
        if time >= low { times.append(time) }
        month += size
      }
    }
    return times
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func label(_ time: Int, _ step: Step) -> String {
    let date = date(floorDay(time))
    let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
    switch step {
    case .months(let size) where size % 12 == 0: return "\(date.year)"
    case .months: return "\(months[date.month - 1]) \(date.year)"
    case .seconds(let size) where size >= day: return "\(date.day) \(months[date.month - 1])"
    case .seconds(let size):
      let rest = time - floorDay(time) * day
      let clock = "\(two(rest / 3600)):\(two(rest / 60 % 60))"
      if size < 60 { return "\(clock):\(two(rest % 60))" }
      return rest == 0 ? "\(date.day) \(months[date.month - 1])" : clock
    }
  }
}
