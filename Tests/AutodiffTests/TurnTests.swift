// Turns that are recognised give the same bits as turns that are recorded anew.

import Engine
import Testing

@testable import Autodiff

@Suite("Turns")
struct TurnTests {
  /// A small net, trained for some turns; `deviate` may do something else in a turn after
  /// `backward`.
  private static func train(
    predicts: Bool, turns: Int, rows: (Int) -> Int = { _ in 4 },
    deviate: (Int, Graph, [Parameter]) throws -> Void = { _, _, _ in }
  ) throws -> (values: [Double], graph: Graph, recognised: Int) {
    let graph = Graph()
    graph.turn.predicts = predicts
    graph.turn.reset()
    let start = [0.5, -0.3, 0.8, 0.1, -0.6, 0.9]
    let w = Parameter("w", value: try graph.tensor(start, shape: [3, 2], dtype: .f32))
    let b = Parameter("b", value: try graph.tensor([0.1, 0.2], shape: [2], dtype: .f32))
    try graph.flush()
    var recognised = 0
    for turn in 0..<turns {
      let count = rows(turn)
      let numbers = (0..<count * 3).map { Double(($0 * 7 + turn) % 5) / 5 }
      let x = try graph.tensor(numbers, shape: [count, 3], dtype: .f32)
      let inner = try graph.binary(.add, graph.binary(.matmul, x, w.node), b.node)
      let loss = try graph.record(.mean, [graph.record(.tanh, [inner])])
      try graph.backward(loss)
      try deviate(turn, graph, [w, b])
      for parameter in [w, b] {
        let gradient = try #require(parameter.gradient)
        let rate = graph.input(0.1 + Double(turn) / 100, .f32)
        let change = try graph.record(.multiply, [rate, gradient])
        try parameter.store(graph.record(.subtract, [parameter.node, change]))
      }
      if graph.turn.isPredicted { recognised += 1 }
      try graph.flush()
    }
    let values = try graph.values(w.node) + graph.values(b.node)
    return (values, graph, recognised)
  }

  @Test("a loop's turns are recognised from the second on, with the same bits")
  func sameBits() throws {
    let anew = try TurnTests.train(predicts: false, turns: 20)
    let known = try TurnTests.train(predicts: true, turns: 20)
    #expect(anew.values == known.values)
    #expect(anew.recognised == 0)
    #expect(known.recognised == 19)
  }

  @Test("turns of two sizes are both recognised")
  func alternatingSizes() throws {
    let rows = { (turn: Int) in turn % 3 == 2 ? 2 : 4 }
    let anew = try TurnTests.train(predicts: false, turns: 21, rows: rows)
    let known = try TurnTests.train(predicts: true, turns: 21, rows: rows)
    #expect(anew.values == known.values)
    #expect(known.recognised == 19)
  }

  @Test("a turn that looks at a gradient, goes its own way after backward or freezes a param")
  func deviations() throws {
    let deviate = { (turn: Int, graph: Graph, parameters: [Parameter]) in
      let gradient = try #require(parameters[0].gradient)
      switch turn {
      case 5: #expect(try graph.values(gradient).count == 6)
      case 8:
        let squares = try graph.record(.sum, [graph.record(.multiply, [gradient, gradient])])
        #expect(try graph.item(squares) > 0)
      case 11:
        // A second backward in the same turn.
        let loss = try graph.record(.sum, [graph.record(.tanh, [parameters[1].node])])
        try graph.backward(loss, add: true)
      default: break
      }
    }
    let anew = try TurnTests.train(predicts: false, turns: 16, deviate: deviate)
    let known = try TurnTests.train(predicts: true, turns: 16, deviate: deviate)
    #expect(anew.values == known.values)
    #expect(known.recognised >= 8)
  }

  @Test("a literal's number, a shared value and a frozen param are part of a turn's structure")
  func structure() throws {
    let graph = Graph()
    let w = Parameter("w", value: try graph.tensor([2], shape: [], dtype: .f64))
    let v = Parameter("v", value: try graph.tensor([3], shape: [], dtype: .f64))
    try graph.flush()
    var found: [[Double?]] = []
    for (power, second, frozen) in [
      (2.0, w, false), (2, w, false), (3, w, false), (2, v, false), (2, v, true), (2, v, false),
    ] {
      v.isFrozen = frozen
      let raised = try graph.record(.power, [w.node, graph.constant(power, .f64)])
      let loss = try graph.record(.multiply, [raised, second.node])
      try graph.backward(loss)
      try graph.flush()
      found.append(try [w, v].map { try $0.gradient.map { try graph.item($0) } })
    }
    // w³, w³, w⁴, w² v three times, once without v's gradient.
    #expect(found == [[12, nil], [12, nil], [32, nil], [12, 4], [12, nil], [12, 4]])
  }
}
