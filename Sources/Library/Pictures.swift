// explain: the backprop walk of a loss.

import Autodiff
import Diagnostics
import Engine
import Explain
import Interpreter

/// Styled text as a value, printed as it is.
final class TextObject: ForeignObject {
  let text: StyledText
  init(_ text: StyledText) {
    self.text = text
  }
  var typeName: String { "text" }
  func describe(_ session: Session) throws -> StyledText { text }
}

enum PictureFunctions {
  static let all: [HostFunction] = [explain]
  private typealias P = HostFunction.Parameter

  static let explain: HostFunction = HostFunction(
    name: "explain", summary: "The way to a loss and back: values, local derivatives, gradients.",
    category: "Teaching",
    parameters: [
      P("loss", "a number made from params"),
      P("digits", "significant digits; 17 for all", default: .optional("6")),
      P("lr", "also shows the update with this learning rate", default: .optional("none")),
      P("at", "an element like W[0, 1], for its scalar walk", default: .optional("none")),
      P("depth", "2 opens layers and losses, 3 everything", default: .optional("1")),
      P("notation", "\"names\" or \"delta\"", default: .optional("\"names\"")),
      P("html", "a file for the walk as a page", default: .optional("none")),
    ],
    details: [
      "Forward, each step has its formula, shape and value; backward, each line is the gradient "
        + "that arrives times the local derivative. A value without a name is ⟨3⟩, the number "
        + "of its step, ⟨3.1⟩ inside of it. Tensors are shown by a corner.",
      "at: W[0, 1] writes plain arithmetic for one element of a param or of a value on the way: "
        + "symbols, numbers put in, result, and where several paths meet, the sum of what came "
        + "through each. at: W takes the element with the largest gradient.",
      "notation: \"delta\" writes z⁽ˡ⁾ before an activation, a⁽ˡ⁾ after it, and δ⁽ˡ⁾ for the "
        + "gradient of z⁽ˡ⁾.",
      "html: \"walk.html\" writes a page for a browser instead, one file that needs no network: source, "
        + "graph and formulas side by side, every step forward and back, layers that open, numbers, "
        + "heat maps and histograms of every value, why and nudges of the weights.",
      "At the prompt the update that an optimizer made of this loss ends it, with at: the "
        + "optimizer's rule with numbers.",
    ],
    examples: [
      "param w = 3\nprint(explain(w^2))",
      """
      param W = [[1, 2], [3, 4]]
      let x = [0.5, 0.25]
      let y = x @ W
      let loss = sum(y^2)
      let walk = "{explain(loss, at: W[0, 1])}"
      contains(walk, "∂loss/∂W[0, 1] = x[0] · ∂loss/∂y[1] = 0.5 · 4 = 2")  # => true
      """,
    ],
    action: { call in
      let loss = try call.tensor(0)
      guard loss.shape.count == 1 else {
        throw Problem(
          .gradient, "explain starts from one number; this has the shape \(loss.shape)", argument: 0
        )
      }
      let digits = try call.int(1, default: 6)
      guard digits >= 1, digits <= 17 else {
        throw Problem(.value, "digits is from 1 to 17", argument: 1)
      }
      if call.isGiven(6) { return try page(loss, call) }
      let walk = try Walk(loss, options(call))
      let update = call.isGiven(2) ? try walk.update(call.number(2)) : try walk.taken()
      let origin = SourceLine(loss, call.session)
      return .foreign(
        TextObject(
          WalkText.render(
            walk, source: origin?.text, place: origin?.place,
            WalkLayout(width: call.session.width, digits: digits), update: update)))
    })

  private static func page(_ loss: Node, _ call: Call) throws -> Value {
    for (place, name) in [(1, "digits"), (2, "lr"), (3, "at"), (4, "depth")]
    where call.isGiven(place) {
      throw Problem(
        .value, "the page shows every step and every element: \(name) does not go with html",
        argument: place)
    }
    let path = try call.string(6)
    let page = try WalkPages.make(loss, call.session, notation: options(call).notation)
    if !call.session.isRehearsal { try WholeText.write(page.html, to: path, argument: 6) }
    return .foreign(TextObject(StyledText("wrote \(path), \(page.steps) steps")))
  }

  private static func options(_ call: Call) throws -> WalkOptions {
    let depth = try call.int(4, default: 1)
    guard depth >= 1, depth <= 3 else {
      throw Problem(.value, "depth is 1, 2 or 3", argument: 4)
    }
    let name = try call.string(5, default: "names")
    guard let notation = WalkNotation(rawValue: name) else {
      throw Problem(
        .value, "there is no notation '\(name)'", argument: 5,
        help: "use \(WalkNotation.allCases.map(\.rawValue).joined(separator: " or "))")
    }
    guard call.isGiven(3) else { return WalkOptions(depth: depth, notation: notation) }
    let focus = try ElementPick(call.tensor(3), call.session.graph)
    return WalkOptions(depth: depth, notation: notation, focus: (focus.node, focus.element))
  }
}
