// The loss that a walk is about when nobody says which, and its walk as text.

import Autodiff
import Diagnostics
import Explain
import Interpreter

package enum WalkOf {
  /// The loss of the last backward, else the value named loss.
  package static func loss(_ session: Session) throws -> Node {
    if let last = session.graph.lastBackward { return last.loss }
    if let value = session.globals["loss"], let node = session.node(value) { return node }
    throw Problem(
      .gradient, "there is no loss to walk through: no backward, and no value named loss",
      help: "write let loss = … or backward(…)")
  }

  /// A problem with a value that is known by its text.
  package static func naming<T>(_ text: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch var problem as OperatorProblem {
      problem.message = problem.message.split(
        separator: "{0}", omittingEmptySubsequences: false
      ).joined(separator: text)
      throw problem
    }
  }

  /// The value as a loss, or what is wrong with it.
  package static func checked(_ loss: Node?, _ what: String) throws -> Node {
    guard let loss, loss.shape.count == 1 else {
      let shape = loss.map { " of shape \($0.shape)" } ?? ""
      throw Problem(.gradient, "a walk starts from one number; \(what) is a value\(shape)")
    }
    return loss
  }

  /// The walk of a session's loss as text.
  package static func text(_ session: Session, depth: Int, at element: Node?) throws -> StyledText {
    let loss = try checked(loss(session), "the loss")
    let pick = try element.map { try ElementPick($0, session.graph) }
    let walk = try Walk(
      loss, WalkOptions(depth: depth, focus: pick.map { ($0.node, $0.element) }))
    let origin = SourceLine(loss, session)
    return WalkText.render(
      walk, source: origin?.text, place: origin?.place, WalkLayout(width: session.width),
      update: try walk.taken())
  }

  /// Where a value was made, for a frame.
  package static func origin(_ node: Node, _ session: Session) -> FrameText.Origin? {
    SourceLine(node, session).map { ($0.place, $0.line, $0.marked) }
  }
}
