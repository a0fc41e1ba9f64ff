// Learning rates that change from step to step, as values of the language.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Neural

/// A schedule: a function of the steps made so far.
final class ScheduleObject: ForeignObject {
  let schedule: Schedule
  init(_ schedule: Schedule) { self.schedule = schedule }

  var typeName: String { "schedule" }
  var isCallable: Bool { true }
  var callParameters: [HostFunction.Parameter]? {
    [HostFunction.Parameter("t", "how many steps were made before")]
  }

  func call(_ call: Call) throws -> Value {
    try schedule.checkComplete(argument: nil)
    let t = try call.int(0)
    guard t >= 0 else {
      throw Problem(.value, "a schedule begins at step 0, not at \(t)", argument: 0)
    }
    return .number(schedule.rate(after: t))
  }

  func isEqual(to other: any ForeignObject) -> Bool {
    (other as? ScheduleObject)?.schedule.isEqual(to: schedule) ?? false
  }

  func describe(_ session: Session) throws -> StyledText { StyledText(schedule.source) }
}

extension Schedule {
  /// What makes it: `warm_up(cosine_decay(0.1, steps: 90), steps: 10)`.
  var source: String {
    let words = kind.options.enumerated().compactMap { index, option -> String? in
      let value: String
      if index == 0, let first = inner.first {
        value = first.source
      } else if let x = values[option.name], index == 0 || x != option.standard {
        value = NumberFormat.shortest(x)
      } else {
        return nil
      }
      return index == 0 ? value : "\(option.name): \(value)"
    }
    return "\(kind.name)(\(words.joined(separator: ", ")))"
  }

  func checkComplete(argument: Int?) throws {
    guard !isComplete else { return }
    throw Problem(
      .value, "\(source) does not say over how many steps; only fit knows that by itself",
      argument: argument, help: "give it steps:, such as steps: 1000")
  }
}

extension OptimizerObject {
  /// Throws where a step cannot be given its rate.
  func checkSchedule() throws { try schedule?.checkComplete(argument: 0) }
}

enum ScheduleFunctions {
  static let all: [HostFunction] = Schedules.all.map(schedule) + [plateau]
  private typealias P = HostFunction.Parameter

  private static func schedule(_ kind: ScheduleKind) -> HostFunction {
    HostFunction(
      name: kind.name, summary: kind.summary, category: "Optimizers",
      parameters: kind.options.map { option in
        let standard =
          option.standard.map { HostFunction.Parameter.Default.optional(NumberFormat.shortest($0)) }
          ?? (option.isTotal ? .optional("those of fit") : .required)
        return P(option.name, option.help, default: standard)
      },
      details: kind.details + ["adam(net, lr: \(kind.name)(…)); s(t) is its rate after t steps."],
      examples: examples[kind.name] ?? [],
      action: { call in
        var values: [String: Double] = [:]
        var inner: Schedule?
        for (index, option) in kind.options.enumerated() {
          guard call.isGiven(index) else {
            values[option.name] = option.standard
            continue
          }
          if option.range == .rateOrSchedule,
            case .foreign(let object as ScheduleObject) = call.value(index)
          {
            inner = object.schedule
            continue
          }
          let x = try call.number(index)
          guard option.range.contains(x) else {
            throw Problem(
              .value,
              "\(option.name) of \(kind.name) is \(option.range.text), not "
                + NumberFormat.shortest(x), argument: index)
          }
          values[option.name] = x
        }
        return .foreign(ScheduleObject(Schedule(kind, values, inner: inner)))
      })
  }

  private static let examples = [
    "step_decay": [
      "let s = step_decay(0.1, every: 10, factor: 0.5)\n(s(9), s(10))  # => (0.1, 0.05)"
    ],
    "exponential_decay": ["exponential_decay(0.1, factor: 0.5)(2)  # => 0.025"],
    "linear_decay": ["linear_decay(0.1, steps: 10)(5)  # => 0.05"],
    "cosine_decay": [
      "let s = cosine_decay(0.1, steps: 100)\n(s(0), s(50), s(100))  # => (0.1, 0.05, 0)",
      "cosine_decay(-1)  # error: value",
    ],
    "warm_up": [
      "let s = warm_up(0.1, steps: 4)\n(s(0), s(3), s(9))  # => (0.025, 0.1, 0.1)",
      "warm_up(cosine_decay(0.1, steps: 10), steps: 5)(10)  # => 0.05",
    ],
    "one_cycle": ["let s = one_cycle(0.1, steps: 100)\n(s(0), s(29))  # => (0.004, 0.1)"],
    "inverse_sqrt": [
      "let s = inverse_sqrt(0.1, warm: 4)\n(s(0), s(3), s(15))  # => (0.025, 0.1, 0.05)"
    ],
  ]

  // MARK: - Plateau

  /// PyTorch's ReduceLROnPlateau with its standard threshold, told anew from the whole history: it
  /// needs no state.
  static let plateau: HostFunction = HostFunction(
    name: "plateau", summary: "Lowers an optimizer's rate when a loss no longer falls.",
    category: "Optimizers",
    parameters: [
      P("optimizer", "made with a model or params"),
      P(
        "losses", "a vector of losses so far, or the history that fit gives",
        default: .optional("none")),
      P("factor", "what the rate is multiplied by", default: .optional("0.1")),
      P("patience", "epochs without a better loss that are borne", default: .optional("10")),
      P("low", "the rate does not fall below this", default: .optional("0")),
    ],
    details: [
      "Without losses it is a function of the history: fit(…, each: plateau(opt, patience: 3)). Of a",
      "history it takes val_loss, or loss. Better is less than 0.9999 of the best before.",
    ],
    examples: [
      "let opt = sgd(dense(1, 1), lr: 0.1)\nplateau(opt, [3, 2, 2, 2], factor: 0.5, patience: 1)\nopt.lr  # => 0.05"
    ],
    action: { call in
      guard case .foreign(let object as OptimizerObject) = call.value(0),
        let optimizer = object.optimizer
      else {
        throw Problem(
          .type, "plateau wants an optimizer that knows its params", argument: 0,
          help: "write let opt = sgd(net, lr: 0.1)")
      }
      guard object.schedule == nil, !object.hasRateFunction else {
        throw Problem(
          .value, "this optimizer's rate comes from a schedule; plateau changes a number",
          argument: 0)
      }
      let (factor, patience) = (try call.number(2, default: 0.1), try call.int(3, default: 10))
      let low = try call.number(4, default: 0)
      guard factor > 0, factor < 1 else {
        throw Problem(
          .value, "factor of plateau lies between 0 and 1, not at \(NumberFormat.shortest(factor))",
          argument: 2)
      }
      guard patience >= 0, low >= 0, low.isFinite else {
        throw Problem(
          .value, "patience and low of plateau are numbers from 0", argument: patience < 0 ? 3 : 4)
      }
      let lower = { (losses: [Double], session: Session) in
        guard isDue(losses, patience) else { return }
        session.willChange(optimizer) { [optimizer] in optimizer.snapshot() }
        let rate = optimizer.options["lr"] ?? 0
        optimizer.options["lr"] = min(rate, max(low, rate * factor))
      }
      guard call.isGiven(1) else { return .foreign(PlateauObject(lower)) }
      lower(try losses(call.value(1), call.session, argument: 1), call.session)
      return .none
    })

  /// The figures that a history is watched by.
  static func losses(_ value: Value, _ session: Session, argument: Int) throws -> [Double] {
    var value = value
    if case .record(let record) = value,
      let field = ["val_loss", "loss"].lazy.compactMap({ name in
        record.fields.first { $0.name == name }
      }).first
    {
      value = field.value
    }
    guard let node = session.node(value), node.shape.rank <= 1 else {
      throw Problem(
        .type, "plateau watches a vector of losses or a history, not \(value.typePhrase)",
        argument: argument)
    }
    return try session.graph.values(node)
  }

  /// Whether the last loss is the one that exhausts the patience.
  static func isDue(_ losses: [Double], _ patience: Int) -> Bool {
    var (best, waited, isDue) = (Double.infinity, 0, false)
    for loss in losses {
      if loss < best * (best > 0 ? 0.9999 : 1.0001) || best == .infinity && loss < best {
        (best, waited) = (loss, 0)
      } else {
        waited += 1
      }
      isDue = waited > patience
      if isDue { waited = 0 }
    }
    return isDue
  }
}

/// `plateau(opt)`: what fit calls after each epoch.
final class PlateauObject: ForeignObject {
  private let lower: ([Double], Session) -> Void
  init(_ lower: @escaping ([Double], Session) -> Void) { self.lower = lower }

  var typeName: String { "function" }
  var isCallable: Bool { true }
  var callParameters: [HostFunction.Parameter]? {
    [HostFunction.Parameter("history", "what fit gives")]
  }
  func isEqual(to other: any ForeignObject) -> Bool { self === other }
  func call(_ call: Call) throws -> Value {
    lower(
      try ScheduleFunctions.losses(call.value(0), call.session, argument: 0), call.session)
    return .none
  }
}
