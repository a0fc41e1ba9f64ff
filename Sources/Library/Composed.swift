// Functions that are made of operators, of plain numbers as well as of tensors.

import Autodiff
import Engine
import Interpreter

/// What a function records, step by step. Of plain numbers alone every step is a plain number, as the
/// function of an operator gives it.
struct Composed {
  let call: Call
  private let arguments: [(node: Node, place: Int)]

  /// - Parameter places: those arguments of the call that are operands.
  init(_ call: Call, _ places: [Int] = [0]) throws {
    self.call = call
    arguments = try places.map { (try call.tensor($0), $0) }
  }

  var graph: Graph { call.session.graph }

  /// An argument.
  subscript(_ place: Int) -> Node { arguments[place].node }

  /// Operand 0 as floats.
  var floats: Node { get throws { try self[0].floats } }

  /// A number of the formula.
  func number(_ value: Double) -> Node { graph.constant(value) }

  func callAsFunction(
    _ op: Operator, _ operands: Node..., with attributes: Attributes = Attributes()
  ) throws -> Node {
    let places = operands.map { operand in
      arguments.first { $0.node === operand }?.place ?? arguments.first?.place
    }
    switch try OperatorFunctions.value(op, call, operands, attributes, places: places) {
    case .number(let x): return graph.input(x)
    case .bool(let flag): return graph.input(flag ? 1 : 0, .bool)
    case let value: return call.session.node(value) ?? operands[0]
    }
  }

  /// A block of a tensor that lies within it.
  func block(_ x: Node, _ starts: [Int], _ lengths: [Int], steps: [Int]? = nil) throws -> Node {
    try graph.rule { x.sliced(starts: starts, lengths: lengths, steps: steps) }
  }

  /// What the function gives.
  func value(_ node: Node) -> Value {
    guard node.isNumber, !arguments.contains(where: { $0.node === node }) else {
      return .tensor(node)
    }
    return node.dtype == .bool ? .bool(node.exact != 0) : .number(node.exact)
  }
}
