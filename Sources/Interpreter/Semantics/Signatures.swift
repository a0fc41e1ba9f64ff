// Shapes in signatures: checked where a function begins, and where it returns.

import Autodiff
import Diagnostics
import Engine

extension Session {
  /// Checks a value against the shape at `index` and binds the names in it.
  func check(
    _ shapes: [ShapeCheck], _ index: Int, _ value: Value, argument: (Int) -> Value,
    read register: (Int) -> Value, bind: (Int, Value) -> Void
  ) throws {
    let shape = shapes[index]
    guard let node = node(value) else {
      throw disagreement(shape, "must be a tensor of shape \(shape.text)", value, .type)
    }
    var parts = shape.parts
    var dims = node.shape.dims
    if case .anyLeading? = parts.first, dims.count >= parts.count - 1 {
      parts.removeFirst()
      dims.removeFirst(dims.count - parts.count)
    }
    guard dims.count == parts.count else {
      throw disagreement(shape, "must have the shape \(shape.text)", value)
    }
    for (part, size) in zip(parts, dims) {
      switch part {
      case .size(let wanted) where wanted != size:
        throw disagreement(shape, "must have the shape \(shape.text)", value)
      case .name(let name, let place):
        guard case .number(let bound) = self.read(register(place)) else {
          bind(place, .number(Double(size)))
          continue
        }
        guard Double(size) != bound else { continue }
        let binding = shapes[..<index].first { $0.binds(name) }
        let size = "\(name) = \(NumberFormat.shortest(bound))"
        throw disagreement(
          shape,
          "must have the shape \(shape.text) with \(size)"
            + (binding.map { " from \($0.parameter)" } ?? ""), value,
          other: binding.map { ($0, argument($0.place ?? 0), size) })
      default: break
      }
    }
  }

  /// The error for a value of another shape; `other` is the argument that gave a size.
  private func disagreement(
    _ shape: ShapeCheck, _ wanted: String, _ value: Value, _ kind: DiagnosticKind = .shape,
    other: (shape: ShapeCheck, value: Value, size: String)? = nil
  ) -> ShapeProblem {
    let what =
      shape.place == nil
      ? "the result of \(shape.function)" : "\(shape.parameter) of \(shape.function)"
    let found = node(value).map { "\($0.shape)" } ?? read(value).typePhrase
    var labels: [CallTrail.ArgumentLabel] = []
    if let place = shape.place {
      labels.append(
        .init(index: place, name: shape.parameter, text: "\(shape.parameter): \(found)"))
    }
    if let other, let place = other.shape.place, let node = node(other.value), shape.place != nil {
      labels.append(
        .init(
          index: place, name: other.shape.parameter,
          text: "\(other.shape.parameter): \(node.shape), so \(other.size)"))
    }
    return ShapeProblem(
      problem: Problem(kind, "\(what) \(wanted), not \(found)"), labels: labels)
  }
}

extension ShapeCheck {
  fileprivate func binds(_ name: String) -> Bool {
    parts.contains { if case .name(name, _) = $0 { true } else { false } }
  }
}
