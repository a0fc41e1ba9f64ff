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
      P("digits", "significant digits", default: .optional("6")),
      P("lr", "also shows the update with this learning rate", default: .optional("none")),
    ],
    examples: ["param w = 3\nprint(explain(w^2))"],
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
      let place = call.session.span(loss.origin).map { "\($0.source.name):\($0.line)" }
      let walk = try Walk(loss)
      var update: (rate: Double, result: Walk.Update)?
      if call.isGiven(2) {
        let rate = try call.number(2)
        update = (rate, try walk.update(rate))
      }
      return .foreign(
        TextObject(
          WalkText.render(
            walk, lossName: loss.name ?? "loss", place: place, digits: digits, update: update)))
    })
}
