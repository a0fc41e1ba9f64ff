// A program in nns whose loss is walked through, and what must hold for the walk of any loss.

import Autodiff
import Diagnostics
import Engine
import Explain
import Interpreter
import Library
import Testing

/// A program that ran, with its loss.
struct WalkProgram {
  let session: Session
  let loss: Node

  /// - Parameter text: a program that gives `loss` a value; its numbers are f64.
  init(_ text: String, keepsSteps: Bool = false) throws {
    session = Library.makeSession { _ in }
    session.keepsSteps = keepsSteps
    do {
      try session.run(
        SourceText(name: "walk.nns", text: "default_dtype(f64)\nseed(1)\n" + text))
    } catch {
      for diagnostic in session.diagnostics(error) {
        Issue.record("\(DiagnosticRenderer.render(diagnostic).plain)")
      }
      throw error
    }
    let value = try #require(session.globals["loss"])
    loss = try #require(session.node(value))
  }

  func node(_ expression: String) throws -> Node {
    let value = try session.run(SourceText(name: "asked", text: expression))
    return try #require(value.flatMap { session.node($0) }, "\(expression) is no tensor")
  }

  func numbers(_ expression: String) throws -> [Double] {
    try session.graph.values(node(expression))
  }

  /// The paths of the params of a model: `net[0].weight`.
  func paths(_ name: String) throws -> [String] {
    let value = try #require(session.globals[name])
    return session.parameters(of: value).map { entry in
      entry.path.isEmpty || entry.path.hasPrefix("[") ? name + entry.path : "\(name).\(entry.path)"
    }
  }

  func walk(_ depth: Int = 1, at expression: String? = nil) throws -> Walk {
    let pick = try expression.map { try ElementPick(node($0), session.graph) }
    return try Walk(
      loss, WalkOptions(depth: depth, focus: pick.map { ($0.node, $0.element) }))
  }

  func text(_ walk: Walk, update: Walk.Update? = nil, digits: Int = 6) -> String {
    WalkText.render(walk, place: nil, WalkLayout(width: 100, digits: digits), update: update).plain
  }
}

// MARK: - What holds for every walk

extension WalkProgram {
  /// Text, scalar walk, stepper and update of some params.
  func check(_ parameters: [String]) throws {
    for parameter in parameters { try checkGradient(parameter) }
    try checkTour(gradients(parameters))
    try checkUpdate(0.25)
  }

  /// The scalar walk of the first and the last element recomputes and ends in what `grad` gives; the
  /// text says the same digits.
  private func checkGradient(_ parameter: String) throws {
    let gradient = try numbers("grad(loss, \(parameter))")
    let shape = try node(parameter).shape
    for depth in 1...3 {
      let words = text(try walk(depth))
      for index in Set([0, gradient.count - 1]) {
        let place = parameter + WalkProgram.place(shape, index)
        let walk = try walk(depth, at: place)
        for problem in Lines.problems(walk) { Issue.record("depth \(depth): \(problem)") }
        let focus = try #require(walk.focus)
        #expect(
          WalkProgram.digits(focus.gradient) == WalkProgram.digits(gradient[index]), "\(place)")
        let printed = NumberText.written(gradient[index], digits: 6)
        #expect(text(walk).contains("= \(printed)\n"), "\(place): \(text(walk))")
        // The first element is in every corner.
        if index == 0 { #expect(words.contains(printed), "\(parameter): \(words)") }
      }
      try checkTotal(parameter, gradient, depth)
    }
  }

  /// The tensor lines: one part is the gradient, several add up to it.
  private func checkTotal(_ parameter: String, _ gradient: [Double], _ depth: Int) throws {
    let walk = try walk(depth)
    let node = Walk.place(of: try self.node(parameter), in: walk.loss)
    let parts = walk.steps.flatMap(\.parts).filter { $0.node === node }
    if parts.count == 1, !parts[0].isPartial {
      #expect(parts[0].value.map(WalkProgram.digits) == gradient.map(WalkProgram.digits))
      return
    }
    let ledger = try #require(walk.ledgers.first { $0.node === node }, "\(parameter) has no ledger")
    #expect(ledger.total.map(WalkProgram.digits) == gradient.map(WalkProgram.digits))
    LedgerCheck.problems(ledger).forEach { Issue.record("\($0)") }
  }

  /// What the stepper has to show, by subject: `∂loss/∂W[0, 1]`.
  private func gradients(_ parameters: [String]) throws -> [String: Double] {
    var gradients: [String: Double] = [:]
    for parameter in parameters {
      let shape = try node(parameter).shape
      for (index, x) in try numbers("grad(loss, \(parameter))").enumerated() {
        gradients["∂loss/∂\(parameter)\(WalkProgram.place(shape, index))"] = x
      }
    }
    return gradients
  }

  /// N frames on and N back are the same frames, at every depth; their lines recompute, and those of
  /// params have the digits of their gradients.
  private func checkTour(_ gradients: [String: Double]) throws {
    var tour = try WalkTour(loss)
    var seen = try checkFrames(&tour, gradients)
    var checked: Set<Int> = []
    while tour.next() {
      var inner = tour
      while try inner.enter() {
        if checked.insert(inner.depth).inserted { seen += try checkFrames(&inner, gradients) }
      }
    }
    #expect(seen > 0, "the stepper shows no gradient of a param")
  }

  /// Gives how many gradients of params it met.
  private func checkFrames(_ tour: inout WalkTour, _ gradients: [String: Double]) throws -> Int {
    while tour.previous() {}
    var frames = [try frame(tour)]
    var seen = try compared(tour, gradients)
    while tour.next() {
      frames.append(try frame(tour))
      seen += try compared(tour, gradients)
    }
    #expect(frames.count == tour.count)
    for earlier in frames.reversed().dropFirst() {
      let moved = tour.previous()
      #expect(moved)
      #expect(try frame(tour) == earlier)
    }
    return seen
  }

  private func compared(_ tour: WalkTour, _ gradients: [String: Double]) throws -> Int {
    let frame = try tour.frame()
    let sums = Set(tour.walk.ledgers.map(\.gradientName))
    let whole = frame.lines.filter { line in !sums.contains { line.subject.hasPrefix($0) } }
    var seen = 0
    for line in whole + frame.ledgers {
      guard let gradient = gradients[line.subject] else { continue }
      seen += 1
      #expect(
        NumberText.written(line.result, digits: 6) == NumberText.written(gradient, digits: 6),
        "\(frame.title): \(line.subject)")
    }
    return seen
  }

  private func frame(_ tour: WalkTour) throws -> String {
    let frame = try tour.frame()
    for line in frame.lines + frame.ledgers where line.formula != nil {
      for problem in Lines.problems(line) { Issue.record("\(frame.title): \(problem)") }
    }
    return FrameText.render(
      frame, index: tour.index, count: tour.count, origin: nil, keys: "", WalkLayout()
    ).plain
  }

  /// old − lr · gradient is the new value, by what is printed.
  private func checkUpdate(_ rate: Double) throws {
    let update = try walk().update(rate)
    for change in update.changes {
      for (index, old) in change.old.enumerated() {
        let expected =
          Interval.printed(old) - Interval(rate) * Interval.printed(change.gradient[index])
        #expect(
          expected.meets(Interval.printed(change.new[index])), "\(change.name), element \(index)")
      }
    }
    #expect(text(try walk(), update: update).contains("lr = \(rate)"))
  }

  /// The digits of all views.
  /// What is 0 but for the rounding of its parts is 0.
  static func digits(_ x: Double) -> String {
    NumberText.written(x.magnitude < 1e-15 ? 0 : x, digits: 6)
  }

  /// `[0, 1]`
  static func place(_ shape: Shape, _ index: Int) -> String {
    guard shape.rank > 0 else { return "" }
    var rest = index
    let places = shape.strides.map { stride -> String in
      defer { rest %= max(1, stride) }
      return String(rest / max(1, stride))
    }
    return "[\(places.joined(separator: ", "))]"
  }
}

extension Interval {
  /// A number as six digits show it.
  static func printed(_ x: Double) -> Interval {
    let text = NumberText.written(x, digits: 6)
    return PrintedArithmetic.interval(text) ?? Interval(.nan)
  }
}

/// The ledger of a tensor.
enum LedgerCheck {
  /// What does not add up by its printed numbers, and parts that have no name.
  ///
  /// - Parameter error: added to the totals, to see that it is found.
  static func problems(_ ledger: Ledger, off error: Double = 0) -> [String] {
    var problems: [String] = []
    for index in ledger.total.indices {
      let sum = ledger.parts.reduce(Interval(0)) { $0 + .printed($1.value[index]) }
      if !sum.meets(.printed(ledger.total[index] + error)) {
        problems.append("\(ledger.gradientName): \(sum) is not \(ledger.total[index])")
      }
    }
    if ledger.parts.contains(where: { $0.step.isEmpty }) {
      problems.append("\(ledger.gradientName) has a part from nowhere")
    }
    return problems
  }
}
