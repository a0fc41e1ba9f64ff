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
    /// To the turn so many on or back, or to that of a number.
    case turn(Int)
    case nearest(Int)

    /// Whether something is said where it is made all the same.
    var isNearest: Bool {
      if case .nearest = self { return true }
      return false
    }
  }

  private var tour: WalkTour
  private let session: Session
  /// Where what is walked through begins in the order of recording.
  private let first: Int

  init(_ loss: Node, _ session: Session) throws {
    first = WalkTour.firstSerial(of: loss)
    session.graph.keepHistory(since: first)
    tour = try WalkTour(loss)
    self.session = session
  }

  deinit { session.graph.keepHistory(since: nil) }

  /// Whether it can go to other turns of a training.
  var hasTurns: Bool { tour.turns != nil }

  /// The frame where it stands.
  func frame(keys: String) throws -> StyledText {
    let frame = try tour.frame()
    session.graph.keepHistory(since: first)
    return FrameText.render(
      frame, index: tour.index, count: tour.count, turn: tour.turns?.text,
      origin: frame.node.flatMap { WalkOf.origin($0, session) }, keys: keys,
      WalkLayout(width: session.width))
  }

  /// Makes a move; gives what keeps it from being made, in words, or what is to be said about it.
  func make(_ move: Move) throws -> String? {
    switch move {
    case .turn(let count):
      if try tour.turn(by: count) { return nil }
      guard hasTurns else { return Stepper.noTurns }
      return count < 0 ? "no turn before this one is kept" : "this is the last turn"
    case .nearest(let number):
      guard let reached = try tour.turn(to: number) else { return Stepper.noTurns }
      return reached == number
        ? nil : "turn \(number) is not kept; turn \(reached) is the nearest that is"
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

  private static let noTurns = "this loss is no turn of a training"

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
    case ":turn":
      guard words.count > 1, let number = Int(words[1]) else { return .turn(-1) }
      let isRelative = words[1].hasPrefix("-") || words[1].hasPrefix("+")
      return isRelative ? .turn(number) : .nearest(number)
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
      show(try stepper.frame(keys: words(stepper)))
    }
  }

  private func words(_ stepper: Stepper) -> String {
    ":n next  :p back  :in into  :out out  :tab other half  "
      + (stepper.hasTurns ? ":turn -1  :turn +1  :turn 3  " : "") + ":at [0, 1]  :q leaves"
  }

  /// A command of the walk without keys; nil where it is none, or no walk is on.
  func step(_ entry: String) throws -> Outcome? {
    guard let stepper, let move = Stepper.move(entry) else { return nil }
    if case .leave = move {
      self.stepper = nil
      return .goOn
    }
    let said = try stepper.make(move)
    if let said { show(StyledText(said, .dim)) }
    if said == nil || move.isNearest, stepper.hasTurns || !move.isNearest {
      show(try stepper.frame(keys: words(stepper)))
    }
    return .goOn
  }
}

extension Command {
  /// Does something with the loss that a command names, or that of the last backward.
  static func withLoss(_ prompt: Prompt, _ text: String, _ body: (Node) throws -> Void) throws {
    let loss =
      text.isEmpty
      ? try WalkOf.loss(prompt.session)
      : try WalkOf.checked(prompt.session.node(evaluate(prompt, text)), text)
    try WalkOf.naming(text.isEmpty ? "the loss" : text) {
      try body(WalkOf.checked(loss, "the loss"))
    }
  }

  static let walk: Command = Command(
    name: "walk", arguments: "[LOSS]",
    summary: "steps through backprop; of the last backward's loss"
  ) { prompt, text in
    try withLoss(prompt, text) { try prompt.walk($0) }
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
