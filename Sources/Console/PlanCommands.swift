// Commands that tell how an expression is computed, how fast, and in which memory.

import Autodiff
import Diagnostics
import Engine
import Interpreter

extension Command {
  static let plan: Command = Command(
    name: "plan", arguments: "EXPR",
    summary: "the fused steps of an expression, and what limits them"
  ) { prompt, text in
    let report = try prompt.session.planned(isTimed: true) { _ = try evaluate(prompt, text) }
    guard let report, !report.steps.isEmpty else {
      prompt.show(StyledText("nothing is left to compute: it is a number, or was known"))
      return .goOn
    }
    prompt.show(PlanText.render(report, columns: prompt.session.width))
    return .goOn
  }

  static let time: Command = Command(
    name: "time", arguments: "EXPR", summary: "how long an expression takes, over several runs"
  ) { prompt, text in
    let report = try prompt.session.planned { _ = try evaluate(prompt, text) }
    var times: [Double] = []
    let start = Stopwatch.now()
    repeat {
      let begin = Stopwatch.now()
      _ = try evaluate(prompt, text)
      times.append(Stopwatch.now() - begin)
    } while times.count < 1000 && Stopwatch.now() - start < 1
    times.sort()
    let runs = times.count == 1 ? "1 run" : "\(times.count) runs"
    let (least, median) = (times[0], times[times.count / 2])
    prompt.show(
      StyledText(
        "\(runs): min \(PlanText.duration(least)), median \(PlanText.duration(median))"))
    if let report, report.bytes > 0 {
      let amount = PlanText.amount
      prompt.show(
        StyledText(
          "at best \(amount(report.flops / least))FLOP/s, \(amount(report.bytes / least))B/s "
            + "(\(amount(report.flops))FLOP, \(amount(report.bytes))B)", .dim))
    }
    return .goOn
  }

  static let memory: Command = Command(
    name: "mem", arguments: "", summary: "memory of tensors, now and at most; plans made"
  ) { prompt, _ in
    let graph = prompt.session.graph
    let bytes = { (count: Int) in PlanText.amount(Double(count)) + "B" }
    let rows = [
      ("tensors", "\(bytes(Memory.bytesInUse)) alive, at most \(bytes(Memory.peakBytes))"),
      ("pool", "\(bytes(Memory.pooledBytes)) kept to be used again"),
      ("arena", "\(bytes(graph.planBytes)) between steps of plans"),
      ("process", "\(bytes(Memory.residentBytes + Memory.pooledBytes)) of the machine"),
      ("plans", "\(graph.planCount) made, used again \(graph.planHits) times"),
    ]
    for (name, text) in rows {
      var line = StyledText(name + String(repeating: " ", count: 9 - name.count), .name)
      line.append(text)
      prompt.show(line)
    }
    return .goOn
  }
}
