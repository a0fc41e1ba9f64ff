// Learning rates that change from step to step: functions of the steps made so far.

import Glibc

/// One sort of schedule.
package struct ScheduleKind: Sendable {
  package let name: String
  package let summary: String
  /// What help says besides.
  package let details: [String]
  package let options: [ScheduleOption]
  /// The rate of the step that follows `t` others. `first` is the rate or schedule that the first
  /// option is.
  let rate: @Sendable (_ o: ScheduleValues, _ first: Schedule?, _ t: Double) -> Double

  package var takesSchedule: Bool { options.first?.range == .rateOrSchedule }
}

/// One option of a schedule.
package struct ScheduleOption: Sendable {
  package enum Range: Sendable, Equatable {
    /// Any finite number from 0.
    case rate
    case rateOrSchedule
    /// From 0 to 1, both included.
    case share
    /// A whole number of at least 1.
    case steps

    package func contains(_ x: Double) -> Bool {
      switch self {
      case .rate, .rateOrSchedule: x >= 0 && x.isFinite
      case .share: x >= 0 && x <= 1
      case .steps: x >= 1 && x < 9e15 && x == x.rounded()
      }
    }

    /// As messages say it.
    package var text: String {
      switch self {
      case .rate: "a number from 0"
      case .rateOrSchedule: "a number from 0 or a schedule"
      case .share: "a number from 0 to 1"
      case .steps: "a whole number from 1"
      }
    }
  }

  package let name: String
  package let help: String
  package let range: Range
  /// Nil where it has to be given, or where `fit` knows it.
  package let standard: Double?
  /// Whether `fit` fills it in: as many steps as it makes.
  package let isTotal: Bool

  init(
    _ name: String, _ help: String, _ range: Range, _ standard: Double? = nil,
    isTotal: Bool = false
  ) {
    (self.name, self.help, self.range, self.standard) = (name, help, range, standard)
    self.isTotal = isTotal
  }
}

/// The options of a schedule by name.
struct ScheduleValues {
  let values: [String: Double]
  subscript(name: String) -> Double { values[name] ?? 0 }
}

/// A schedule: its sort and its options.
package struct Schedule: Sendable {
  package let kind: ScheduleKind
  /// Without those that `fit` is to fill in.
  package private(set) var values: [String: Double]
  /// At most one: the schedule that the first option is.
  package private(set) var inner: [Schedule]

  package init(_ kind: ScheduleKind, _ values: [String: Double], inner: Schedule? = nil) {
    (self.kind, self.values) = (kind, values)
    self.inner = inner.map { [$0] } ?? []
  }

  /// Whether nothing has to be filled in.
  package var isComplete: Bool {
    kind.options.allSatisfy { !$0.isTotal || values[$0.name] != nil }
      && inner.allSatisfy(\.isComplete)
  }

  /// With what is left open reaching to the end of so many steps.
  package func filled(steps total: Int) -> Schedule {
    var result = self
    for option in kind.options where option.isTotal && values[option.name] == nil {
      result.values[option.name] = Double(max(1, total))
    }
    let own = kind.takesSchedule ? Int(values["steps"] ?? 0) : 0
    result.inner = inner.map { $0.filled(steps: total - own) }
    return result
  }

  /// The rate of the step that follows so many.
  package func rate(after steps: Int) -> Double {
    kind.rate(ScheduleValues(values: values), inner.first, Double(steps))
  }

  /// The rates that it was made of.
  package func isEqual(to other: Schedule) -> Bool {
    kind.name == other.kind.name && values == other.values && inner.count == other.inner.count
      && zip(inner, other.inner).allSatisfy { $0.isEqual(to: $1) }
  }
}

package enum Schedules {
  package static let all: [ScheduleKind] = [
    stepDecay, exponentialDecay, linearDecay, cosineDecay, warmUp, oneCycle, inverseRoot,
  ]
  private typealias O = ScheduleOption
  private static let first = O("lr", "the rate at the start", .rate)
  private static let total = O(
    "steps", "until it has arrived; in fit all its steps", .steps, isTotal: true)
  private static let low = O("low", "the rate at the end", .rate, 0)

  package static let stepDecay: ScheduleKind = ScheduleKind(
    name: "step_decay", summary: "A rate that is multiplied by a factor every so many steps.",
    details: [],
    options: [
      first, O("every", "steps until the next time", .steps),
      O("factor", "what it is multiplied by", .share, 0.1),
    ]
  ) { o, _, t in o["lr"] * pow(o["factor"], (t / o["every"]).rounded(.down)) }

  package static let exponentialDecay: ScheduleKind = ScheduleKind(
    name: "exponential_decay", summary: "A rate that is multiplied by a factor at each step.",
    details: [], options: [first, O("factor", "what it is multiplied by", .share)]
  ) { o, _, t in o["lr"] * pow(o["factor"], t) }

  package static let linearDecay: ScheduleKind = ScheduleKind(
    name: "linear_decay", summary: "A rate that falls along a line, then stays.", details: [],
    options: [first, total, low]
  ) { o, _, t in o["lr"] + (o["low"] - o["lr"]) * min(1, t / o["steps"]) }

  /// Loshchilov and Hutter 2017, without restarts.
  package static let cosineDecay: ScheduleKind = ScheduleKind(
    name: "cosine_decay", summary: "A rate that falls along half a cosine wave, then stays.",
    details: [], options: [first, total, low]
  ) { o, _, t in cosine(from: o["lr"], to: o["low"], min(1, t / o["steps"])) }

  package static let warmUp: ScheduleKind = ScheduleKind(
    name: "warm_up", summary: "A rate that rises along a line first.",
    details: ["Then it is lr, or goes on as the schedule that lr is."],
    options: [
      O("lr", "the rate that it rises to, or a schedule that follows", .rateOrSchedule),
      O("steps", "how long it rises", .steps),
    ]
  ) { o, after, t in
    guard t < o["steps"] else { return after?.rate(after: Int(t - o["steps"])) ?? o["lr"] }
    return (after?.rate(after: 0) ?? o["lr"]) * (t + 1) / o["steps"]
  }

  /// Smith and Topin 2018, PyTorch's form with cosine waves.
  package static let oneCycle: ScheduleKind = ScheduleKind(
    name: "one_cycle", summary: "A rate that rises to lr and falls to almost nothing.",
    details: ["It begins at lr / 25 and ends at lr / 250 000."],
    options: [
      O("lr", "the highest rate", .rate), total,
      O("rise", "the share of the steps in which it rises", .share, 0.3),
    ]
  ) { o, _, t in
    let (top, last) = (o["lr"], o["steps"] - 1)
    let peak = o["rise"] * o["steps"] - 1
    let start = top / 25
    if t <= peak { return cosine(from: start, to: top, peak > 0 ? t / peak : 1) }
    return cosine(from: top, to: start / 1e4, last > peak ? min(1, (t - peak) / (last - peak)) : 1)
  }

  /// Vaswani et al. 2017, with lr as the highest rate.
  package static let inverseRoot: ScheduleKind = ScheduleKind(
    name: "inverse_sqrt",
    summary: "A rate that rises along a line, then falls with the root of the steps.",
    details: [],
    options: [O("lr", "the highest rate", .rate), O("warm", "how many steps it rises", .steps)]
  ) { o, _, t in o["lr"] * min((t + 1) / o["warm"], (o["warm"] / (t + 1)).squareRoot()) }

  private static func cosine(from a: Double, to b: Double, _ share: Double) -> Double {
    b + (a - b) / 2 * (1 + cos(.pi * share))
  }
}
