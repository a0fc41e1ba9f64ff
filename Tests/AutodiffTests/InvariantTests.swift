// Every invariant of the graph is broken once and named.

import Engine
import Testing

@testable import Autodiff

@Suite("Invariants")
struct InvariantTests {
  private let graph = Graph()

  private func node(
    _ op: Operator, _ inputs: [Node], _ shape: [Int], _ dtype: DType = .f32, buffer: Buffer? = nil,
    isTracked: Bool = false, serial: Int? = nil
  ) -> Node {
    Node(
      graph: graph, op: op, inputs: inputs, attributes: Attributes(),
      type: TensorType(Shape(shape), dtype), origin: .unknown, buffer: buffer, version: nil,
      isTracked: isTracked, serial: serial ?? graph.nextSerial())
  }

  private func leaf(_ values: [Double], _ graph: Graph? = nil) throws -> Node {
    try (graph ?? self.graph).tensor(values, shape: [values.count], dtype: .f32)
  }

  private func expect(_ name: String, _ node: Node) {
    let message = Invariant.broken(by: [node])
    #expect(message?.hasSuffix(name) == true, "\(message ?? "nothing was broken")")
    #expect(Invariant.all.contains { $0.name == name })
  }

  @Test("a sound graph breaks none, before and after it is computed")
  func sound() throws {
    let w = Parameter("w", value: try leaf([1, 2]))
    let loss = try graph.record(.sum, [w.node * graph.constant(3) + leaf([1, 1]).stopped])
    let gradient = try #require(try graph.gradients(of: loss, withRespectTo: [w.node])[0])
    try w.store(w.node - graph.detach(gradient))
    let eye = graph.identity(2, .f32)
    let nodes = graph.pending + [w.node, loss, gradient, eye]
    #expect(Invariant.broken(by: nodes) == nil)
    try graph.flush(also: nodes)
    #expect(Invariant.broken(by: nodes) == nil)
  }

  @Test("an operand of another graph")
  func foreign() throws {
    let other = Graph()
    expect(
      "operands belong to the graph of the node", node(.exp, [try leaf([1], other)], [1]))
  }

  @Test("an operand that is younger than its node, and a cycle")
  func order() throws {
    let x = try leaf([1])
    expect("operands were recorded before the node", node(.exp, [x], [1], serial: x.serial))
    let a = node(.exp, [x], [1])
    let b = node(.exp, [a], [1])
    a.inputs = [b]
    #expect(Invariant.broken(by: [a, b])?.contains("recorded before") == true)
    a.inputs = []
  }

  @Test("an operand without numbers")
  func missing() {
    let empty = node(.data, [], [1])
    expect("operands have numbers or can be computed", node(.exp, [empty], [1]))
    expect("a leaf has its numbers", empty)
  }

  @Test("a shape, an element type that the rule does not give")
  func types() throws {
    let name = "shape and element type follow from the operator's rule"
    let x = try leaf([1, 2])
    expect(name, node(.exp, [x], [3]))
    expect(name, node(.exp, [x], [2], .f64))
    expect(name, node(.matmul, [x, try leaf([1, 2, 3])], []))
  }

  @Test("a buffer of another type or size")
  func buffers() throws {
    let two = try Buffer(.f32, values: [1, 2])
    expect("a buffer has the element type of the node", node(.data, [], [2], .i32, buffer: two))
    expect("a buffer has as many bytes as the shape says", node(.data, [], [3], buffer: two))
  }

  @Test("a number with axes, and marks of tracking that are wrong")
  func marks() throws {
    let two = try Buffer(.f32, values: [1, 2])
    expect("a number has no axes", node(.constant, [], [2], buffer: two))
    let x = try leaf([1])
    expect(
      "what depends on nothing tracked is not tracked", node(.exp, [x], [1], isTracked: true))
    let variable = try graph.variable(x)
    expect("a detached node is not tracked", node(.detached, [variable], [1], isTracked: true))
  }
}
