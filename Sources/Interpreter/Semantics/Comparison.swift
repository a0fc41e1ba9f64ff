// Structural equality. What two values share with others is compared once: lists of lists may name the
// same list many times.

import Autodiff
import Diagnostics

struct Comparison {
  private struct Pair: Hashable {
    let a: ObjectIdentifier
    let b: ObjectIdentifier
  }

  private let session: Session
  private var equal: Set<Pair> = []

  init(session: Session) { self.session = session }

  mutating func isEqual(_ a: Value, _ b: Value) throws -> Bool {
    switch (session.read(a), session.read(b)) {
    case (.none, .none): return true
    case (.bool(let x), .bool(let y)): return x == y
    case (.number(let x), .number(let y)): return x == y
    case (.string(let x), .string(let y)): return x.text == y.text
    case (.tensor(let x), .tensor(let y)):
      guard x.node.shape == y.node.shape else { return false }
      return try session.graph.values(x.node) == session.graph.values(y.node)
    case (.tensor(let x), .number(let y)), (.number(let y), .tensor(let x)):
      return try x.node.shape.rank == 0 && session.graph.item(x.node) == y
    case (.list(let list), .tensor(let tensor)), (.tensor(let tensor), .list(let list)):
      return try isEqual(list, tensor.node)
    case (.tuple(let x), .tuple(let y)):
      return try once(x, y) { try $0.areEqual(x.elements, y.elements) }
    case (.list(let x), .list(let y)):
      return try once(x, y) { try $0.areEqual(x.elements, y.elements) }
    case (.record(let x), .record(let y)):
      guard x.fields.map(\.name) == y.fields.map(\.name) else { return false }
      return try once(x, y) { try $0.areEqual(x.fields.map(\.value), y.fields.map(\.value)) }
    case (.range(let x), .range(let y)): return x.lower == y.lower && x.upper == y.upper
    case (.function(let x), .function(let y)): return x === y
    case (.foreign(let x), .foreign(let y)): return x.isEqual(to: y)
    default: return false
    }
  }

  /// A list of numbers (a shape above all) equals the tensor of the same numbers: `x.shape == [2, 3]`
  /// is one question, and brackets round numbers are a tensor.
  func isEqual(_ list: ListObject, _ node: Node) throws -> Bool {
    guard node.shape.rank == 1, node.shape[0] == list.elements.count else { return false }
    let numbers = try session.graph.values(node)
    for (element, number) in zip(list.elements, numbers) {
      guard case .number(let x) = element, x == number else { return false }
    }
    return true
  }

  private mutating func once(_ a: Object, _ b: Object, _ compare: (inout Self) throws -> Bool)
    throws -> Bool
  {
    let pair = Pair(a: ObjectIdentifier(a), b: ObjectIdentifier(b))
    if equal.contains(pair) { return true }
    try session.poll()
    let result = try compare(&self)
    if result { equal.insert(pair) }
    return result
  }

  private mutating func areEqual(_ a: [Value], _ b: [Value]) throws -> Bool {
    guard a.count == b.count else { return false }
    for (index, (x, y)) in zip(a, b).enumerated() {
      if index & 0xFFFF == 0 { try session.poll() }
      if try !isEqual(x, y) { return false }
    }
    return true
  }
}
