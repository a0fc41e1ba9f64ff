// Every line of a scalar walk can be recomputed from what it prints: over all operators with a
// gradient rule and the samples of their records.

import Autodiff
import Engine
import Explain
import Testing

@Suite("Scalar walks")
struct ScalarWalkTests {
  static let operators = Catalogue.all.filter {
    if case .rule = $0.gradient { true } else { false }
  }
  /// Operators whose elements have no formula of elements: the equations' solution.
  static let withoutFormula: Set<String> = [
    "solve", "cholesky", "logdet", "lstm_steps", "lstm_deltas",
  ]

  private func find(_ name: String) throws -> Operator {
    try #require(Self.operators.first { $0.name == name })
  }

  @Test("each printed line holds", arguments: operators.map(\.name), [1, 3])
  func lines(_ name: String, _ depth: Int) throws {
    let op = try find(name)
    for (place, sample) in op.samples.enumerated() where SampleWalk.isSmall(sample) {
      let sample = try SampleWalk(op, sample, seed: UInt64(place))
      for focus in sample.focuses {
        let walk = try sample.walk(focus.node, focus.element, depth: depth)
        for problem in Lines.problems(walk) { Issue.record("\(name): \(problem)") }
      }
    }
  }

  @Test("every number has its line", arguments: operators.map(\.name), [1, 2, 3])
  func numbersHaveLines(_ name: String, _ depth: Int) throws {
    let op = try find(name)
    for (place, sample) in op.samples.enumerated() where SampleWalk.isSmall(sample) {
      let sample = try SampleWalk(op, sample, seed: UInt64(place))
      for focus in sample.focuses {
        let walk = try #require(
          try sample.walk(focus.node, focus.element, depth: depth).focus)
        var known = Set((walk.forward + walk.backward + walk.details).map(\.subject))
        known.formUnion(walk.elsewhere.map(\.text))
        known.insert(walk.name)
        for line in walk.forward + walk.backward + walk.details {
          line.formula?.visit { symbol in
            guard symbol.isComputed, !known.contains(symbol.text) else { return }
            Issue.record("\(name): \(symbol.text) in \(line.subject) has no line")
          }
        }
      }
    }
  }

  @Test("lines keep to their width", arguments: operators.map(\.name), [40, 80])
  func widths(_ name: String, _ width: Int) throws {
    let op = try find(name)
    let sample = try #require(op.samples.first { SampleWalk.isSmall($0) })
    let run = try SampleWalk(op, sample, seed: 1)
    let focus = try #require(run.focuses.first)
    for walk in [try run.walk(focus.node, focus.element), try Walk(run.loss)] {
      let text = WalkText.render(walk, place: nil, WalkLayout(width: width))
      #expect(text.width <= width, "\(text.plain)")
    }
  }

  @Test("forward lines have formulas", arguments: operators.map(\.name))
  func formulas(_ name: String) throws {
    let op = try find(name)
    let sample = try #require(op.samples.first { SampleWalk.isSmall($0) })
    let run = try SampleWalk(op, sample, seed: 1)
    let focus = try #require(run.focuses.first)
    let walk = try run.walk(focus.node, focus.element)
    let lines = try #require(walk.focus).forward
    #expect(lines.allSatisfy { $0.formula != nil } != Self.withoutFormula.contains(name))
  }

  @Test("tensor lines have a derivative for every operand", arguments: operators.map(\.name))
  func notations(_ name: String) throws {
    #expect(try find(name).notation != nil, "\(name) has no notation")
  }

  @Test("a wrong derivative is found", arguments: ["(1 − {y})", "(1 + {y}²)", "−(1 − {y}²)"])
  func wrongNotation(_ notation: String) throws {
    let tanh = Operator.tanh
    let wrong = Operator(
      name: "wrong", summary: "", parameters: tanh.parameters, formula: "tanh({0})",
      infer: tanh.infer, kernel: tanh.kernel, gradient: tanh.gradient, notation: [notation],
      elements: .each)
    let run = try SampleWalk(wrong, Operator.Sample([[3]]), seed: 1)
    let focus = try #require(run.focuses.first)
    #expect(try !Lines.problems(run.walk(focus.node, focus.element)).isEmpty)
  }

  @Test("a wrong formula is found")
  func wrongFormula() throws {
    let mean = Operator.mean
    let wrong = Operator(
      name: "wrong", summary: "", parameters: mean.parameters, formula: "mean({0})",
      infer: mean.infer, kernel: mean.kernel, gradient: mean.gradient, notation: ["1 / n"],
      elements: .along(.all, "Σ {0}"))
    let run = try SampleWalk(wrong, Operator.Sample([[3]]), seed: 1)
    let focus = try #require(run.focuses.first)
    #expect(try !Lines.problems(run.walk(focus.node, focus.element)).isEmpty)
  }
}

/// The lines of a scalar walk against their own numbers.
enum Lines {
  static func problems(_ walk: Walk) -> [String] {
    guard let focus = walk.focus else { return ["there is no scalar walk"] }
    var problems: [String] = []
    for line in focus.forward + focus.backward + focus.details where line.formula != nil {
      problems += self.problems(line)
    }
    return problems
  }

  static func problems(_ line: ScalarLine) -> [String] {
    let pieces = FocusText.pieces(line, 6)
    guard let last = pieces.last, let result = PrintedArithmetic.interval(last) else {
      return ["no result in \(line.subject) = \(pieces)"]
    }
    let shown = pieces.joined(separator: " = ")
    // The first piece has symbols, unless it is the only one.
    return pieces.dropFirst(pieces.count > 1 ? 1 : 0).compactMap { piece in
      guard let value = PrintedArithmetic.interval(piece) else {
        return "'\(piece)' cannot be read: \(line.subject) = \(shown)"
      }
      return value.meets(result) ? nil : "\(line.subject) = \(shown): \(value) is not \(result)"
    }
  }
}

/// One sample of an operator as a loss of named values.
struct SampleWalk {
  /// Keeps the nodes alive.
  private let graph: Graph
  let loss: Node
  /// An element of every operand that varies: the first, and the last.
  let focuses: [(node: Node, element: Int)]

  static func isSmall(_ sample: Operator.Sample) -> Bool {
    sample.shapes.allSatisfy { $0.reduce(1, *) <= 16 }
      && sample.operands.contains {
        if case .fixed = $0 { false } else { $0.shape.reduce(1, *) > 0 }
      }
  }

  init(_ op: Operator, _ sample: Operator.Sample, seed: UInt64) throws {
    let graph = Graph()
    graph.defaultDType = .f64
    var stream = RandomStream(seed: seed)
    var operands: [Node] = []
    var focuses: [(node: Node, element: Int)] = []
    for (index, operand) in sample.operands.enumerated() {
      let node: Node
      switch operand {
      case .fixed(let shape, let values, let dtype):
        node = try graph.tensor(values, shape: shape, dtype: dtype)
      case .near(let shape, let values):
        node = try graph.variable(graph.tensor(values, shape: shape, dtype: .f64))
      case .varied(let shape):
        let values = (0..<shape.reduce(1, *)).map { _ in SampleWalk.draw(&stream, op) }
        node = try graph.variable(graph.tensor(values, shape: shape, dtype: .f64))
      }
      node.name = String(["a", "b", "c", "d"][index % 4])
      operands.append(node)
      if node.isTracked, node.shape.count > 0 {
        focuses += Set([0, node.shape.count - 1]).sorted().map { (node, $0) }
      }
    }
    let result = try graph.record(op, operands, sample.recordedAttributes())
    result.name = "y"
    let weights = (0..<result.shape.count).map { _ in stream.nextUniform() * 2 - 1 }
    let scale = try graph.tensor(weights, shape: result.shape.dims, dtype: .f64)
    scale.name = "w"
    let loss = try graph.record(.sum, [graph.record(.multiply, [result, scale])])
    loss.name = "loss"
    (self.graph, self.loss, self.focuses) = (graph, loss, focuses)
  }

  /// A number of the domain away from kinks.
  private static func draw(_ stream: inout RandomStream, _ op: Operator) -> Double {
    while true {
      let width = op.domain.upperBound - op.domain.lowerBound
      let x = op.domain.lowerBound + stream.nextUniform() * width
      if op.kinks.allSatisfy({ ($0 - x).magnitude > 1e-3 }) { return x }
    }
  }

  func walk(_ node: Node, _ element: Int, depth: Int = 1) throws -> Walk {
    try Walk(loss, WalkOptions(depth: depth, focus: (node, element)))
  }
}
