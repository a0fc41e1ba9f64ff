// Commands that tell how an expression is computed, and how fast.

import Autodiff
import Diagnostics
import Engine
@preconcurrency import Glibc
import Interpreter
import Syntax

extension Command {
  static let plan: Command = Command(
    name: "plan", arguments: "EXPR", summary: "the fused steps that compute an expression"
  ) { prompt, text in
    let steps = try planned(prompt, text)
    guard !steps.isEmpty else {
      prompt.show(StyledText("nothing is left to compute: it is a number, or was known"))
      return .goOn
    }
    for (index, step) in steps.enumerated() {
      let number = "\(index + 1)"
      var line = StyledText(String(repeating: " ", count: max(0, 3 - number.count)), .dim)
      line.append(number + "  ", .dim)
      line.append(step.kind.rawValue + String(repeating: " ", count: 9 - step.kind.rawValue.count))
      line.append(cost(step.elements, step.flops, step.bytes), .dim)
      prompt.show(line)
      for formula in step.lines {
        prompt.show(StyledText("     " + fitted(formula, columns: prompt.session.width - 5)))
      }
    }
    let (flops, bytes) = total(steps)
    prompt.show(
      StyledText(
        "\(steps.count == 1 ? "1 step" : "\(steps.count) steps"): \(amount(flops))FLOP, "
          + "\(amount(bytes))B read and written"))
    return .goOn
  }

  static let time: Command = Command(
    name: "time", arguments: "EXPR", summary: "how long an expression takes, over several runs"
  ) { prompt, text in
    let (flops, bytes) = total(try planned(prompt, text))
    var times: [Double] = []
    let start = now()
    repeat {
      let begin = now()
      _ = try evaluate(prompt, text)
      times.append(now() - begin)
    } while times.count < 1000 && now() - start < 1
    times.sort()
    let runs = times.count == 1 ? "1 run" : "\(times.count) runs"
    prompt.show(
      StyledText(
        "\(runs): min \(duration(times[0])), median \(duration(times[times.count / 2]))"))
    if bytes > 0 {
      prompt.show(
        StyledText(
          "at best \(amount(flops / times[0]))FLOP/s, \(amount(bytes / times[0]))B/s "
            + "(\(amount(flops))FLOP, \(amount(bytes))B)", .dim))
    }
    return .goOn
  }

  /// The steps of an expression's plan.
  private static func planned(_ prompt: Prompt, _ text: String) throws -> [PlanSummary] {
    try prompt.session.planned { _ = try evaluate(prompt, text) }
  }

  private static func total(_ steps: [PlanSummary]) -> (flops: Double, bytes: Double) {
    (steps.reduce(0) { $0 + $1.flops }, steps.reduce(0) { $0 + $1.bytes })
  }

  private static func cost(_ elements: Int, _ flops: Double, _ bytes: Double) -> String {
    "\(elements == 1 ? "1 element" : "\(elements) elements")  \(amount(flops))FLOP  "
      + "\(amount(bytes))B"
  }

  /// `12.3 k`, with a space behind it: a unit follows.
  private static func amount(_ x: Double) -> String {
    let units = ["", "k", "M", "G", "T"]
    var (value, unit) = (x, 0)
    while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    let text =
      value >= 100 || unit == 0 && value == value.rounded()
      ? NumberFormat.fixed(value, digits: 0) : NumberFormat.significant(value, digits: 3)
    return text + " " + units[unit]
  }

  private static func duration(_ seconds: Double) -> String {
    if seconds >= 1 { return NumberFormat.fixed(seconds, digits: 2) + " s" }
    return seconds < 1e-3
      ? NumberFormat.fixed(seconds * 1e6, digits: 1) + " µs"
      : NumberFormat.fixed(seconds * 1e3, digits: 2) + " ms"
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
