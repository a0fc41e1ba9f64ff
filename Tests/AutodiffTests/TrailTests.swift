// Which turns of a training are kept, with what, and that they take little memory.

import Engine
import Glibc
import Testing

@testable import Autodiff

@Suite("Trails")
struct TrailTests {
  /// Trains a param of so many elements for some turns; `visit` sees each loss.
  static func train(
    _ count: Int, turns: Int, keepsSteps: Bool = true,
    visit: (Int, Node) throws -> Void = { _, _ in }
  ) throws -> Graph {
    let graph = Graph()
    graph.keepsSteps = keepsSteps
    let ones = [Double](repeating: 1, count: count)
    let w = Parameter("w", value: try graph.tensor(ones, shape: [count], dtype: .f32))
    try graph.flush()
    for turn in 0..<turns {
      let loss = try graph.record(.sum, [graph.binary(.multiply, w.node, w.node)])
      try graph.backward(loss)
      try visit(turn, loss)
      let gradient = try #require(w.gradient)
      let change = try graph.record(.multiply, [graph.input(0.001, .f32), gradient])
      try w.store(graph.record(.subtract, [w.node, change]))
      try graph.flush()
      graph.trail.endTurn(level: 0, hasTrained: true)
    }
    return graph
  }

  @Test("the first turn, some on the way and the last ones are kept whole")
  func kept() throws {
    let graph = try TrailTests.train(3, turns: 1000)
    let records = graph.trail.records
    let turns = records.map(\.turn)
    #expect(turns.first == 1)
    #expect(Array(turns.suffix(8)) == Array(992...999))
    #expect(turns == turns.sorted())
    #expect(Set(turns).count == turns.count)
    #expect((16...24).contains(turns.count))
    #expect(graph.trail.turns == 1000)
    #expect(graph.lastBackward?.turn == 1000)
    for record in records {
      #expect(record.isWhole)
      // Gradient descent on w² shrinks w by a factor a turn.
      let wanted = 3 * pow(0.998, 2 * Double(record.turn - 1))
      #expect((try graph.item(record.loss) - wanted).magnitude < 1e-3 * wanted)
      let after = try graph.values(record.values[0])[0]
      #expect((after - pow(0.998, Double(record.turn))).magnitude < 1e-3)
    }
  }

  @Test("where nobody walks, some on the way are kept, from the first on")
  func sparse() throws {
    let graph = try TrailTests.train(3, turns: 1000, keepsSteps: false)
    let turns = graph.trail.records.map(\.turn)
    #expect(turns.first == 1)
    #expect(turns == turns.sorted() && (8...24).contains(turns.count))
    #expect(graph.trail.turns == 1000)
    #expect(graph.lastBackward?.turn == 1000)
  }

  @Test("a loss that the program holds keeps its history for the walk")
  func held() throws {
    var losses: [Node] = []
    let graph = try TrailTests.train(3, turns: 30) { _, loss in
      loss.handles += 1
      losses.append(loss)
    }
    #expect(losses[10].inputs.isEmpty)
    let records = graph.trail.records
    #expect(records.count > 8)
    let whole = records.filter(\.isWhole)
    #expect(whole.count == records.count)
  }

  @Test("another statement begins another trail")
  func over() throws {
    let graph = try TrailTests.train(3, turns: 20)
    graph.trail.end()
    #expect(!graph.trail.records.isEmpty)
    let w = Parameter("v", value: try graph.tensor([1], shape: [1], dtype: .f32))
    try graph.flush()
    try graph.backward(graph.record(.sum, [w.node]))
    #expect(graph.trail.records.isEmpty)
    #expect(graph.trail.turns == 0)
  }
}
