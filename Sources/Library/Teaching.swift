// why, nudge, compare: questions about one gradient.

import Autodiff
import Diagnostics
import Engine
import Explain
import Interpreter

/// A report to read that has its figures as fields.
final class ReportObject: ForeignObject {
  private let text: StyledText
  private let fields: [(name: String, value: Value)]

  init(_ text: StyledText, _ fields: [(String, Value)]) {
    self.text = text
    self.fields = fields.map { (name: $0.0, value: $0.1) }
  }

  var typeName: String { "report" }
  var fieldNames: [String] { fields.map(\.name) }
  func describe(_ session: Session) throws -> StyledText { text }
  func field(_ name: String, _ session: Session) throws -> Value? {
    fields.first { $0.name == name }?.value
  }
}

enum TeachingFunctions {
  static let all: [HostFunction] = [why, nudge, compare, MonitorFunction.monitor]
  private typealias P = HostFunction.Parameter

  static let why: HostFunction = HostFunction(
    name: "why", summary: "The sum of products behind one gradient, by sample and by path.",
    category: "Teaching",
    parameters: [
      P("loss", "a loss; left out, that of the last backward"),
      P("element", "an element like W[0, 1]", default: .optional("the first argument")),
    ],
    details: [
      "Every number can be checked on a pocket calculator. The rows of the data that contribute "
        + "most stand first; the path follows the largest contribution at every step, and its share "
        + "is the product of the derivatives along it.",
      ".gradient is the number.",
    ],
    examples: [
      """
      param W = [[1, 2], [3, 4]]
      let x = [[0.5, 0.25], [1, 2]]
      let loss = sum((x @ W)^2)
      backward(loss)
      why(W[0, 1]).gradient  # => 22
      contains("{why(loss, W[0, 1])}", "∂loss/∂W[0, 1] = x[0, 0] · ∂loss/∂⟨1⟩[0, 1]")  # => true
      """
    ],
    action: { call in
      let graph = call.session.graph
      let element = call.isGiven(1) ? 1 : 0
      guard let loss = call.isGiven(1) ? try call.tensor(0) : graph.lastBackward?.loss else {
        throw Problem(
          .gradient, "there was no backward yet", help: "write why(loss, W[0, 1])")
      }
      try checkNumber(loss, "why")
      let pick = try ElementPick(call.tensor(element), graph)
      let walk = try Walk(loss, WalkOptions(focus: (pick.node, pick.element)))
      guard let why = try walk.why() else { return .none }
      return .foreign(
        ReportObject(
          why.render(walk, WalkLayout(width: call.session.width)),
          [("gradient", .number(why.line.result)), ("share", .number(why.path.value))]))
    })

  static let nudge: HostFunction = HostFunction(
    name: "nudge", summary: "What a small change of one element does, beside what was predicted.",
    category: "Teaching",
    parameters: [
      P("loss", "a number made from params"),
      P("element", "an element like W[0, 1]"),
      P("by", "what is added to it", default: .optional("0.01")),
    ],
    details: [
      "Predicted is gradient · nudge, actual the difference of two losses in f64; what lies between "
        + "them is curvature. The rate is the learning rate from which a step of this element alone "
        + "no longer makes the loss smaller. Nothing is changed.",
      "Fields: predicted, actual, curvature, after, second (the second derivative), rate.",
    ],
    examples: [
      """
      param w = [3, 1]
      let n = nudge(sum(w^2), w[0], 0.5)
      n.predicted  # => 3
      n.actual  # => 3.25
      n.second  # => 2
      round(n.rate * 1000)  # => 1000
      """
    ],
    action: { call in
      let loss = try call.tensor(0)
      try checkNumber(loss, "nudge")
      _ = try call.session.graph.currentLeaves(of: loss)
      let pick = try ElementPick(call.tensor(1), call.session.graph)
      let walk = try Walk(loss, WalkOptions(focus: (pick.node, pick.element)))
      guard let focus = walk.focus else { return .none }
      let nudge = try Nudge(
        loss, Walk.place(of: pick.node, in: loss), focus.element,
        step: call.number(2, default: 0.01), name: focus.name, lossName: walk.lossName)
      return .foreign(
        ReportObject(
          nudge.render(WalkLayout(width: call.session.width)),
          [
            ("predicted", .number(nudge.predicted)), ("actual", .number(nudge.actual)),
            ("curvature", .number(nudge.curvature)), ("after", .number(nudge.after)),
            ("second", .number(nudge.second)),
            ("rate", nudge.limit.map { .number($0) } ?? .none),
          ]))
    })

  static let compare: HostFunction = HostFunction(
    name: "compare", summary: "A gradient made by hand beside the right one, and what went wrong.",
    category: "Teaching",
    parameters: [
      P("mine", "the gradient that you computed"),
      P("gradient", "grad(loss, W), or W.grad after backward"),
    ],
    details: [
      "The verdict is exact, close (with the largest difference and where), mistake or different.",
      "Mistakes that are known: \(Mistake.all.map(\.name).joined(separator: ", ")).",
      "Fields: verdict, mistake (its name, or none), difference.",
    ],
    examples: [
      """
      let x = [[1, 2], [3, 4], [5, 6]]
      param W = [[0.1], [0.2]]
      let o = x @ W
      let loss = mse(o, [[1], [2], [3]])
      let mine = x' @ (2 * (o - [[1], [2], [3]]))
      compare(mine / 3, grad(loss, W)).verdict == "mistake"  # => false
      compare(mine, grad(loss, W)).mistake  # => 1/n
      """
    ],
    action: { call in
      let graph = call.session.graph
      let (mine, truth) = (try call.tensor(0), try call.tensor(1))
      var (loss, target) = (truth.derivative?.loss, truth.derivative?.target)
      if loss == nil, let last = graph.lastBackward,
        let entry = last.gradients.first(where: { $0.gradient === truth })
      {
        (loss, target) = (last.loss, entry.node)
      }
      let result = try Comparison(mine, truth, loss: loss, target: target)
      return .foreign(
        ReportObject(
          result.render(WalkLayout(width: call.session.width)),
          [
            ("verdict", .string(result.verdict.rawValue)),
            ("mistake", result.mistake.map { .string($0.name) } ?? .none),
            ("difference", result.difference.map { .number($0.value) } ?? .none),
          ]))
    })

  static func checkNumber(_ loss: Node, _ name: String) throws {
    guard loss.shape.count == 1 else {
      throw Problem(
        .gradient, "\(name) starts from one number; this has the shape \(loss.shape)", argument: 0)
    }
  }
}
