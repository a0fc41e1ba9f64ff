// :walk, the stepper: one frame of a walk at a time, forwards and back, with keys or without.

import Autodiff
import Diagnostics
import Engine
import Explain
@preconcurrency import Glibc
import Interpreter
import Library
import Syntax

/// A walk in progress.
final class Stepper {
  /// What can be done in it.
  enum Move {
    case next, previous, into, out, flip, leave
    case focus([Int])
  }

  private var tour: WalkTour
  private let session: Session

  init(_ loss: Node, _ session: Session) throws {
    tour = try WalkTour(loss)
    self.session = session
  }

  /// The frame where it stands.
  func frame(keys: String) throws -> StyledText {
    let frame = try tour.frame()
    return FrameText.render(
      frame, index: tour.index, count: tour.count,
      origin: frame.node.flatMap { WalkOf.origin($0, session) }, keys: keys,
      WalkLayout(width: session.width))
  }

  /// What keeps a move from being made, in words.
  func make(_ move: Move) throws -> String? {
    switch move {
    case .next: return tour.next() ? nil : "this is the last frame"
    case .previous: return tour.previous() ? nil : "this is the first frame"
    case .into: return try tour.enter() ? nil : "nothing is inside this step"
    case .out: return tour.leave() ? nil : "this step is not inside another"
    case .flip:
      tour.flip()
      return nil
    case .focus(let places): return tour.focus(places) ? nil : "there is no such element here"
    case .leave: return nil
    }
  }

  /// `:n`, `:at [0, 1]`: a move by its word.
  static func move(_ command: String) -> Move? {
    let words = command.split(maxSplits: 1, whereSeparator: \.isWhitespace)
    switch words.first {
    case ":n": return .next
    case ":p": return .previous
    case ":in": return .into
    case ":out": return .out
    case ":tab": return .flip
    case ":q": return .leave
    case ":at":
      let places =
        words.count < 2
        ? []
        : words[1].filter { $0 != " " && $0 != "[" && $0 != "]" }
          .split(separator: ",").map { Int($0) ?? -1 }
      return .focus(places)
    default: return nil
    }
  }

  /// The names of the walk with their values of then, for expressions.
  var scope: [(name: String, value: Value)] {
    tour.scope.map { ($0.name, .tensor($0.node)) }
  }
}

extension Prompt {
  /// Begins a walk: with keys on a terminal that can move its cursor, else with commands.
  func walk(_ loss: Node) throws {
    let stepper = try Stepper(loss, session)
    self.stepper = stepper
    if canMoveCursor {
      defer { self.stepper = nil }
      try StepperKeys(stepper, self).run()
    } else {
      show(try stepper.frame(keys: Self.words))
    }
  }

  private static let words =
    ":n next  :p back  :in into  :out out  :tab other half  :at [0, 1]  :q leaves"

  /// A command of the walk without keys; nil where it is none, or no walk is on.
  func step(_ entry: String) throws -> Outcome? {
    guard let stepper, let move = Stepper.move(entry) else { return nil }
    if case .leave = move {
      self.stepper = nil
      return .goOn
    }
    if let problem = try stepper.make(move) {
      show(StyledText(problem, .dim))
    } else {
      show(try stepper.frame(keys: Self.words))
    }
    return .goOn
  }
}

extension Command {
  static let walk: Command = Command(
    name: "walk", arguments: "[LOSS]",
    summary: "steps through backprop; of the last backward's loss"
  ) { prompt, text in
    let loss =
      text.isEmpty
      ? try WalkOf.loss(prompt.session)
      : try WalkOf.checked(prompt.session.node(evaluate(prompt, text)), text)
    try WalkOf.naming(text.isEmpty ? "the loss" : text) {
      try prompt.walk(WalkOf.checked(loss, "the loss"))
    }
    return .goOn
  }

  static let graph: Command = Command(
    name: "graph", arguments: "EXPR [FILE.svg]", summary: "what a value is made of, as a picture"
  ) { prompt, text in
    var (expression, path) = (text, "")
    if text.hasSuffix(".svg"), let space = text.lastIndex(of: " ") {
      path = String(text[text.index(after: space)...])
      expression = String(text[..<space])
    }
    guard let node = prompt.session.node(try evaluate(prompt, expression)) else {
      throw Diagnostic(.type, "\(expression) is no tensor; only tensors have a graph")
    }
    let picture = try WalkOf.naming(expression) { GraphPicture(try Walk(node)) }
    guard !path.isEmpty else {
      prompt.show(picture.render(WalkLayout(width: prompt.session.width)))
      return .goOn
    }
    try WholeText.write(picture.svg, to: expanded(path))
    prompt.show(StyledText("wrote \(path)"))
    return .goOn
  }
}
