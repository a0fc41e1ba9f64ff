// Single numbers of a tensor, stored where they lie: no graph, no copy.

import Engine

extension Node {
  /// Whether it is data that came from outside of the graph.
  package var isPlainData: Bool { op === Operator.data && version == nil && !isTracked }

  /// Data with the same numbers; nil for what a gradient could pass through.
  package func plainCopy() throws(OperatorProblem) -> Node? {
    guard !isTracked, version == nil else { return nil }
    try graph.force([self])
    guard let buffer else { return nil }
    let copy: Buffer
    do { copy = try Buffer(dtype, count: buffer.count) } catch {
      throw Graph.memoryProblem(error)
    }
    Movement.copy(buffer, copy)
    let leaf = graph.leaf(copy, shape)
    (leaf.name, leaf.origin) = (name, origin)
    return leaf
  }

  /// Changes one float of data that only the caller holds.
  ///
  /// - Parameters:
  ///   - value: what meets the old number; it is rounded to the element type first.
  ///   - change: what becomes of the old number with it, nil for what has no short way.
  /// - Returns: false where nothing was changed: it holds no floats, the value is a whole number
  ///   that they cannot hold, or somebody else sees the numbers.
  package func changeElement(
    _ index: Int, by value: Double, _ change: (_ old: Double, _ value: Double) -> Double?
  ) -> Bool {
    guard isKnownUniquelyReferenced(&buffer), let buffer, buffer.ownsMemory else { return false }
    switch dtype {
    case .f32:
      // Of two floats, arithmetic in Float64 rounded once is that in Float32.
      let (place, rounded) = (buffer.pointer(as: Float.self) + index, Double(Float(value)))
      guard rounded == value || value != value.rounded(),
        let new = change(Double(place.pointee), rounded)
      else { return false }
      place.pointee = Float(new)
    case .f64:
      let place = buffer.pointer(as: Double.self) + index
      guard let new = change(place.pointee, value) else { return false }
      place.pointee = new
    default: return false
    }
    return true
  }
}
