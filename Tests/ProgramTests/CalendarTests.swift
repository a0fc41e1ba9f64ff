// Dates as days and seconds, and the ticks of an axis of dates.

import Testing

@testable import Plots

@Suite("Dates")
struct CalendarTests {
  @Test("every day of a thousand years is found again")
  func roundTrip() {
    var wanted = CalendarTime.date(-250_000)
    for day in -250_000..<120_000 {
      let date = CalendarTime.date(day)
      #expect(date == wanted && CalendarTime.days(date.year, date.month, date.day) == day)
      let isLeap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0)
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      wanted = (date.year, date.month, date.day + 1)
      if wanted.day > lengths[date.month - 1] { wanted = (date.year, date.month + 1, 1) }
      if wanted.month > 12 { wanted = (date.year + 1, 1, 1) }
    }
  }

  @Test(
    "dates are so many seconds since 1970, as date(1) says",
    arguments: [
      ("1970-01-01", 0.0), ("2000-02-29", 951_782_400), ("2024-03", 1_709_251_200),
      ("2024-03-01T12:30", 1_709_296_200), ("2024-03-01 12:30:15", 1_709_296_215),
      ("1969-12-31T23:59:59", -1), ("0001-01-01", -62_135_596_800),
      ("9999-12-31", 253_402_214_400),
    ])
  func seconds(_ text: String, _ seconds: Double) {
    #expect(CalendarTime.seconds(text) == seconds)
  }

  @Test(
    "what is no date is none",
    arguments: [
      "", "-", "2024", "2024-3-1", "2024-13", "2024-00", "2023-02-29", "1900-02-29", "2024-04-31",
      "2024-03-01T", "2024-03-01T24:00", "2024-03-01T12", "2024-03-01T12:60", "2024-03T12:00",
      "2024-03-01T12:30T", "2024-03-01-", "20240301", "+024-03-01", "2024-03-01T12:30:60",
      "２０２４-03-01",
    ])
  func refused(_ text: String) { #expect(CalendarTime.seconds(text) == nil) }

  private static func labels(_ from: String, _ to: String, _ count: Int = 6) throws -> [String] {
    let low = try #require(CalendarTime.seconds(from))
    let high = try #require(CalendarTime.seconds(to))
    return CalendarTime.ticks(low, high, count: count).ticks.map(\.label)
  }

  @Test("ticks stand at whole years, quarters, months, Mondays, hours and seconds")
  func ticks() throws {
    #expect(
      try Self.labels("1950-01", "2000-01") == ["1950", "1960", "1970", "1980", "1990", "2000"])
    #expect(
      try Self.labels("2023-01", "2024-04")
        == ["Jan 2023", "Apr 2023", "Jul 2023", "Oct 2023", "Jan 2024", "Apr 2024"])
    #expect(
      try Self.labels("2024-01-01", "2024-02-05")
        == ["1 Jan", "8 Jan", "15 Jan", "22 Jan", "29 Jan", "5 Feb"])
    #expect(
      try Self.labels("2024-03-01T20:00", "2024-03-02T02:00")
        == ["20:00", "21:00", "22:00", "23:00", "2 Mar", "01:00", "02:00"])
    #expect(
      try Self.labels("1969-12-31T23:59:50", "1970-01-01T00:00:10", 4)
        == ["23:59:50", "23:59:55", "00:00:00", "00:00:05", "00:00:10"])
  }

  @Test("for every range there are ticks, and not many more than wanted")
  func counts() {
    var span = 2.0
    while span < 3e11 {
      for count in 3...8 {
        let ticks = CalendarTime.ticks(1e9, 1e9 + span, count: count).ticks
        #expect(ticks.count >= 1 && ticks.count <= count * 3 / 2 + 2)
        #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0.value < $1.value })
      }
      span *= 1.37
    }
  }
}
