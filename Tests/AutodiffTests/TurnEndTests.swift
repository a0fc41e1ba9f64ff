// When the turn of a loop has something to compute at its end.

import Engine
import Testing

@testable import Autodiff

@Suite("Ends of turns")
struct TurnEndTests {
  private let graph = Graph()

  @Test("a turn in which something was looked at is over at its end")
  func forced() throws {
    let x = try graph.tensor([1, 2], shape: [2], dtype: .f32)
    try graph.flush()
    let sum = x + x
    #expect(!graph.wantsFlush)
    try graph.force([sum])
    #expect(graph.wantsFlush)
    try graph.flush()
    #expect(!graph.wantsFlush && graph.pending.isEmpty)
  }

  @Test("gradients are computed at the end of a turn that stores to no param")
  func backward() throws {
    let w = Parameter("w", value: try graph.tensor([1, 2], shape: [2], dtype: .f32))
    try graph.flush()
    try graph.backward(try graph.record(.sum, [w.node * w.node]))
    #expect(graph.wantsFlush)
    w.gradient?.handles += 1
    defer { w.gradient?.handles -= 1 }
    try graph.flush()
    #expect(!graph.wantsFlush)
    #expect(try w.gradient.map(graph.values) == [2, 4])
  }
}
