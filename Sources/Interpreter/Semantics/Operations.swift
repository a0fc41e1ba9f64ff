// What operators mean for every kind of value.

import Autodiff
import Diagnostics
import Engine
import Syntax

extension Session {
  /// The value of a param's name; other values are themselves.
  package func read(_ value: Value) -> Value {
    if case .foreign(let object) = value, let parameter = object.asParameter {
      return .tensor(parameter.read())
    }
    return value
  }

  /// A value as a node of the graph; numbers and bools become 0-d.
  package func node(_ value: Value) -> Node? {
    switch read(value) {
    case .tensor(let tensor): tensor.node
    case .number(let x): graph.input(x)
    case .bool(let flag): graph.input(flag ? 1 : 0, .bool)
    default: nil
    }
  }

  /// A value where a tensor is meant: lists of numbers and ranges are tensors too.
  package func tensorLike(_ value: Value) throws -> Node? {
    switch read(value) {
    case .range(let range):
      let numbers = try numbers(range)
      return try graph.tensor(numbers, shape: [numbers.count], dtype: graph.defaultDType)
    case .list(let list) where !list.elements.isEmpty:
      guard case .tensor(let tensor) = try brackets(list.elements) else { return nil }
      return tensor.node
    default: return node(value)
    }
  }

  /// The node of a tensor or param, nil for everything else.
  func tensorNode(_ value: Value) -> Node? {
    if case .tensor(let tensor) = read(value) { return tensor.node }
    return nil
  }

  func operate(_ op: Opcode, _ a: Value, _ b: Value) throws -> Value {
    let (a, b) = (read(a), read(b))
    switch op {
    case .negate, .not, .transpose: return try unary(op, a)
    case .equal, .notEqual:
      if let mask = try comparison(a, b) {
        return op == .equal ? mask : try operate(.not, mask, .none)
      }
      if let same = try structuralEquality(a, b) { return .bool(op == .equal ? same : !same) }
    default: break
    }
    if op == .logicalAnd || op == .logicalOr {
      if case .bool(let x) = a, case .bool(let y) = b {
        return .bool(op == .logicalAnd ? x && y : x || y)
      }
      try checkTruth(op, a, 0)
      try checkTruth(op, b, 1)
    }
    if case .number(let x) = a, case .number(let y) = b { return try numbers(op, x, y) }
    if case .string(let x) = a, case .string(let y) = b {
      switch op {
      case .add:
        try reserve(x.text.utf8.count + y.text.utf8.count, 1)
        return .string(x.text + y.text)
      case .less: return .bool(x.text < y.text)
      case .lessOrEqual: return .bool(x.text <= y.text)
      case .greater: return .bool(x.text > y.text)
      case .greaterOrEqual: return .bool(x.text >= y.text)
      default: break
      }
    }
    guard let x = node(a), let y = node(b) else {
      if let problem = a.noTensor ?? b.noTensor { throw problem }
      var help: String?
      if op == .add, a.typeName == "list" || b.typeName == "list" {
        help = "append(xs, v) and extend(xs, ys) make longer lists"
      }
      if op == .add, a.typeName == "string" || b.typeName == "string" {
        help = interpolation(a, b)
      }
      throw Problem(
        .type, "'\(Session.symbol(op))' does not work on \(a.typePhrase) and \(b.typePhrase)",
        help: help)
    }
    return .tensor(try tensors(op, x, y))
  }

  /// What `and`, `or` and `not` take: bools, and tensors of them.
  private func checkTruth(_ op: Opcode, _ value: Value, _ operand: Int) throws {
    switch value {
    case .bool, .tensor: return
    default:
      throw Problem(
        .type, "'\(Session.symbol(op))' wants true or false, not \(value.typePhrase)",
        argument: operand)
    }
  }

  /// `"a" + 3` is written as one string.
  private func interpolation(_ a: Value, _ b: Value) -> String? {
    let parts = [(a, "{0}"), (b, "{1}")].map { value, name in
      if case .string(let string) = value, string.text.utf8.count < 30,
        !string.text.contains(where: { "{}\"\\\n".contains($0) })
      {
        return string.text
      }
      return "{" + name + "}"
    }
    return "write \"\(parts.joined())\""
  }

  private func unary(_ op: Opcode, _ a: Value) throws -> Value {
    switch (op, a) {
    case (.negate, .number(let x)): return .number(-x)
    case (.not, .bool(let x)): return .bool(!x)
    case (.transpose, .number): return a
    default: break
    }
    if op == .not { try checkTruth(op, a, 0) }
    guard let x = node(a) else {
      if let problem = a.noTensor { throw problem }
      throw Problem(.type, "'\(Session.symbol(op))' does not work on \(a.typePhrase)")
    }
    switch op {
    case .negate: return .tensor(try graph.record(.negate, [x]))
    case .not: return .tensor(try graph.record(.logicalNot, [x]))
    default:
      guard x.shape.rank >= 2 else {
        throw Problem(
          .shape, "' exchanges the last two axes; this has the shape \(x.shape)",
          help: x.shape.rank == 1 ? "write {0}[.., none] for a column" : nil)
      }
      var order = Array(0..<x.shape.rank)
      order.swapAt(x.shape.rank - 1, x.shape.rank - 2)
      return .tensor(try graph.record(.transpose, [x], Attributes(sizes: order)))
    }
  }

  private func numbers(_ op: Opcode, _ x: Double, _ y: Double) throws -> Value {
    switch op {
    case .add: return .number(x + y)
    case .subtract: return .number(x - y)
    case .multiply: return .number(x * y)
    case .divide: return .number(x / y)
    case .floorDivide: return .number(Operator.floorQuotient(x, y))
    case .remainder: return .number(PlainArithmetic.remainder(x, y))
    case .power: return .number(PlainArithmetic.power(x, y))
    case .less: return .bool(x < y)
    case .lessOrEqual: return .bool(x <= y)
    case .greater: return .bool(x > y)
    case .greaterOrEqual: return .bool(x >= y)
    case .matmul:
      throw Problem(.type, "@ multiplies matrices; these are numbers", help: "write {0} * {1}")
    default:
      throw Problem(.type, "'\(Session.symbol(op))' wants bools, not numbers")
    }
  }

  private func tensors(_ op: Opcode, _ x: Node, _ y: Node) throws -> Node {
    switch op {
    case .add: return try graph.binary(.add, x, y)
    case .subtract: return try graph.binary(.subtract, x, y)
    case .multiply: return try graph.binary(.multiply, x, y)
    case .divide: return try graph.binary(.divide, x, y, floats: true)
    case .floorDivide: return try graph.binary(.floorDivide, x, y)
    case .remainder: return try graph.binary(.remainder, x, y)
    case .power:
      let dtype = Promotion.meet(x, y, floats: false)
      // A plain exponent is part of the structure: x^2 is a square.
      let fitting = try y.converted(to: dtype)
      let exponent = y.isNumber ? graph.constant(y.exact, dtype) : fitting
      return try graph.record(.power, [x.converted(to: dtype), exponent])
    case .matmul: return try graph.binary(.matmul, x, y)
    case .equal: return try graph.binary(.equal, x, y)
    case .notEqual: return try graph.binary(.notEqual, x, y)
    case .less: return try graph.binary(.less, x, y)
    case .lessOrEqual: return try graph.binary(.lessOrEqual, x, y)
    case .greater: return try graph.binary(.greater, x, y)
    case .greaterOrEqual: return try graph.binary(.greaterOrEqual, x, y)
    case .logicalAnd: return try graph.record(.logicalAnd, [x, y])
    case .logicalOr: return try graph.record(.logicalOr, [x, y])
    default: throw Problem(.internal, "no operator")
    }
  }

  static func symbol(_ op: Opcode) -> String {
    switch op {
    case .add: "+"
    case .subtract, .negate: "-"
    case .multiply: "*"
    case .divide: "/"
    case .floorDivide: "//"
    case .remainder: "%"
    case .matmul: "@"
    case .power: "^"
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    case .equal: "=="
    case .notEqual: "!="
    case .not: "not"
    case .transpose: "'"
    case .logicalAnd: "and"
    case .logicalOr: "or"
    default: "\(op)"
    }
  }

  /// What a value of the library makes of `==`, on either side.
  private func comparison(_ a: Value, _ b: Value) throws -> Value? {
    if case .foreign(let x) = a, let mask = try x.comparison(to: b, self) { return mask }
    if case .foreign(let y) = b { return try y.comparison(to: a, self) }
    return nil
  }

  /// Equality of everything but tensors; nil where it is element by element.
  private func structuralEquality(_ a: Value, _ b: Value) throws -> Bool? {
    switch (a, b) {
    case (.tensor(let x), .none), (.none, .tensor(let x)): _ = x; return false
    case (.tensor, .number), (.number, .tensor), (.tensor, .bool), (.bool, .tensor): return nil
    case (.tensor, .tensor): return nil
    case (.list(let list), .tensor(let tensor)), (.tensor(let tensor), .list(let list)):
      return try Comparison(session: self).isEqual(list, tensor.node)
    default: return try isEqual(a, b)
    }
  }

  /// Structural equality of two values; tensors by all their elements.
  package func isEqual(_ a: Value, _ b: Value) throws -> Bool {
    var comparison = Comparison(session: self)
    return try comparison.isEqual(a, b)
  }

  /// The truth of a condition: a bool, or a bool tensor of one element.
  ///
  /// `what` is its source text, with `{0}` for operands.
  package func condition(_ value: Value, _ what: String = "{0}") throws -> Bool {
    switch read(value) {
    case .bool(let flag): return flag
    case .tensor(let tensor) where tensor.node.dtype == .bool:
      guard tensor.node.shape.count == 1 else {
        throw Problem(
          .type, "a condition is one bool; this tensor has the shape \(tensor.node.shape)",
          argument: 0,
          help: "write all(\(what)) or any(\(what))")
      }
      return try graph.item(tensor.node) != 0
    case let other:
      throw Problem(
        .type, "a condition must be true or false, not \(other.typePhrase)", argument: 0)
    }
  }

  /// A whole number; 0-d tensors too.
  ///
  /// `argument` is the operand that it is.
  package func whole(_ value: Value, _ what: String, argument: Int? = nil) throws -> Int {
    var number: Double?
    switch read(value) {
    case .number(let x): number = x
    case .tensor(let tensor) where tensor.node.shape.rank == 0: number = try graph.item(tensor.node)
    default: break
    }
    guard let number else {
      throw Problem(
        .type, "\(what) must be a whole number, not \(value.typePhrase)", argument: argument)
    }
    guard let result = Int(exactly: number) else {
      throw Problem(
        .value, "\(what) must be a whole number, not \(try display(read(value)))",
        argument: argument)
    }
    return result
  }

  func range(_ a: Value, _ b: Value) throws -> Value {
    let ends = (
      try whole(a, "a range's end", argument: 0), try whole(b, "a range's end", argument: 1)
    )
    guard max(ends.0.magnitude, ends.1.magnitude) <= 1 << 53 else {
      throw Problem(.value, "the ends of a range are at most 2^53")
    }
    return .range(RangeObject(ends.0, ends.1))
  }

  /// Numbers and equal-shaped tensors make a tensor, everything else a list.
  package func brackets(_ elements: [Value], dtype: DType? = nil) throws -> Value {
    guard !elements.isEmpty else { return .list([]) }
    if let numbers = try all(elements, { if case .number(let x) = $0 { x } else { nil } }) {
      return .tensor(
        try graph.tensor(
          numbers, shape: [numbers.count], dtype: dtype ?? graph.defaultDType))
    }
    if let flags = try all(elements, { if case .bool(let x) = $0 { x ? 1 : 0 } else { nil } }) {
      return .tensor(try graph.tensor(flags, shape: [flags.count], dtype: .bool))
    }
    var nodes: [Node] = []
    for (index, element) in elements.enumerated() {
      if index & 0xFFF == 0 { try poll() }
      switch read(element) {
      case .number(let x): nodes.append(graph.input(x))
      case .tensor(let tensor): nodes.append(tensor.node)
      default: return .list(elements)
      }
    }
    guard nodes.allSatisfy({ $0.shape == nodes[0].shape }) else { return .list(elements) }
    var dtype = nodes[0].dtype
    for node in nodes.dropFirst() { dtype = Promotion.common(dtype, node.dtype) }
    if let values = try plain(nodes, dtype) {
      return .tensor(
        try graph.tensor(values, shape: [nodes.count] + nodes[0].shape.dims, dtype: dtype))
    }
    let converted = try nodes.map { try $0.converted(to: dtype) }
    return .tensor(try graph.record(.stack, converted, Attributes(sizes: [0])))
  }

  /// The numbers of equal-shaped plain data, little or in many small parts, which is copied at once:
  /// literals are leaves, not steps of every plan.
  private func plain(_ nodes: [Node], _ dtype: DType) throws -> [Double]? {
    let count = nodes.count * nodes[0].shape.count
    guard nodes.allSatisfy({ !$0.isTracked && $0.buffer != nil }),
      count < 10_000 || count / nodes.count < 64 && dtype != .i64
    else { return nil }
    var values: [Double] = []
    values.reserveCapacity(count)
    for (index, node) in nodes.enumerated() {
      if index & 0xFFF == 0 { try poll() }
      if node.isNumber { values.append(node.exact) } else { values += node.buffer?.doubles ?? [] }
    }
    return values
  }

  /// The numbers that all elements stand for; nil where one stands for none.
  private func all(_ elements: [Value], _ number: (Value) -> Double?) throws -> [Double]? {
    var numbers: [Double] = []
    for (index, element) in elements.enumerated() {
      if index & 0xFFFF == 0 { try poll() }
      guard let x = number(element) else { return nil }
      if index == 0 { numbers.reserveCapacity(elements.count) }
      numbers.append(x)
    }
    return numbers
  }

  /// The parts of a value for a pattern of so many names.
  func parts(_ value: Value, count: Int) throws -> [Value] {
    guard let length = length(value) else {
      throw Problem(
        .type, "\(value.typePhrase) cannot be taken apart into \(counted(count, "name"))",
        argument: 1)
    }
    guard length == count else {
      throw Problem(
        .value,
        "\(counted(count, "name")) cannot take \(counted(length, "value"))", arguments: [0, 1])
    }
    return try (0..<count).map { try element(value, $0) }
  }

  /// How many elements a loop over a value sees, nil where there is none.
  package func length(_ value: Value) -> Int? {
    switch read(value) {
    case .tuple(let x): x.elements.count
    case .list(let x): x.count
    case .range(let x): max(0, x.upper - x.lower)
    case .string(let x): x.length
    case .record(let x): x.fields.count
    case .tensor(let x): x.node.shape.rank > 0 ? x.node.shape[0] : nil
    case .foreign(let object): object.length
    case .function(let function): (function as? CompositionObject)?.stages.count
    default: nil
    }
  }

  /// Element `index` of a value, counted from 0 and checked by the caller.
  package func element(_ value: Value, _ index: Int) throws -> Value {
    switch read(value) {
    case .tuple(let x): return x.elements[index]
    case .list(let x): return x[index]
    case .range(let x): return .number(Double(x.lower + index))
    case .string(let x):
      return .string(String(x.text[x.text.index(x.text.startIndex, offsetBy: index)]))
    case .record(let x): return .tuple([.string(x.fields[index].name), x.fields[index].value])
    case .tensor(let x):
      return try self.index(.tensor(x), [.value(.number(Double(index)))])
    case .foreign(let object):
      if let value = try object.element(index, self) { return value }
    case .function(let function):
      if let composition = function as? CompositionObject { return composition.stages[index] }
    default: break
    }
    throw Problem(.type, "\(value.typePhrase) has no elements")
  }

  /// What a loop over a value begins with, nil for one that has nothing.
  package func firstElement(of value: Value) throws -> Value? {
    let iterator = try iterator(value)
    guard let first = try iterator.nextNumber() ?? iterator.next(self) else { return nil }
    defer { first.release() }
    return first.isUndefined ? nil : first.value
  }

  func iterator(_ value: Value) throws -> IteratorObject {
    guard let count = length(value) else {
      let isNumber = if case .number = read(value) { true } else { false }
      throw Problem(
        .type, "a loop cannot go over \(read(value).typePhrase)", argument: 0,
        help: isNumber ? "write 0..{0}" : nil)
    }
    switch value {
    case .range(let range): return IteratorObject(range.lower, range.upper)
    case .string(let string):
      return IteratorObject(.list(try elements(.string(string)) ?? []), count: count)
    default: return IteratorObject(value, count: count)
    }
  }

  package func compose(_ parts: [Value]) throws -> Value {
    var stages: [Value] = []
    try reserve(parts.reduce(0) { $0 + (length($1) ?? 1) })
    for (index, part) in parts.enumerated() {
      guard isCallable(part) else {
        throw Problem(
          .type, ">> composes functions and layers, not \(part.typePhrase)", argument: index)
      }
      if case .function(let function) = part, let inner = function as? CompositionObject {
        stages += inner.stages
      } else {
        stages.append(part)
      }
    }
    return .function(CompositionObject(stages))
  }

  package func isCallable(_ value: Value) -> Bool {
    switch value {
    case .function: true
    case .foreign(let object): object.isCallable
    default: false
    }
  }
}
