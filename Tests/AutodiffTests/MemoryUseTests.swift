// What trainings leave in memory. Bytes are counted for the whole process, so these tests run one by
// one and without others (`Scripts/test`).

import Engine
import Testing

@testable import Autodiff

@Suite("Memory in use", .serialized)
struct MemoryUseTests {
  @Test("memory stays flat over equal steps")
  func flat() throws {
    let graph = Graph()
    let w = Parameter("w", value: try graph.tensor([1, 2], shape: [2], dtype: .f32))
    var bytes = 0
    for step in 0..<20_000 {
      let loss = try graph.record(.sum, [w.node * w.node])
      try graph.backward(loss)
      if let gradient = w.gradient {
        try w.store(graph.detach(w.node) - graph.input(0.01) * graph.detach(gradient))
      }
      try graph.flush()
      if step == 100 { bytes = Memory.bytesInUse }
    }
    #expect(Memory.bytesInUse <= bytes + (1 << 20))
  }

  @Test("large params leave fewer turns, very large ones none", arguments: [200_000, 20_000_000])
  func large(_ count: Int) throws {
    let before = Memory.bytesInUse
    let graph = try TrailTests.train(count, turns: 40)
    let bytes = Memory.bytesInUse - before
    // The params, their gradient and the last turn's, beside 34 MB of the trail.
    #expect(bytes < 34 << 20 + count * 4 * 6)
    #expect(graph.trail.records.count == (count > 1_000_000 ? 0 : graph.trail.records.count))
    #expect(graph.trail.records.count <= 24)
  }
}
