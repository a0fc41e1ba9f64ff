// Builtins made from the operator catalogue: one function for each record that has a name.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum OperatorFunctions {
  static let all: [HostFunction] = Catalogue.all.filter { !$0.isHidden }.map(function)

  private static func function(_ op: Operator) -> HostFunction {
    var parameters = op.parameters.map { parameter in
      HostFunction.Parameter(
        parameter.name, summary(parameter.kind),
        default: isRest(parameter.kind) ? .rest : fallback(parameter.defaultValue))
    }
    parameters += OperatorOptions.parameters(op)
    let isPair = op.name == "max" || op.name == "min"
    if isPair {
      parameters.insert(
        HostFunction.Parameter("y", "a second tensor", default: .optional("none")), at: 1)
    }
    return HostFunction(
      name: op.name, summary: op.summary,
      category: Catalogue.losses.contains { $0 === op } ? "Losses" : "Tensors",
      parameters: parameters,
      details: details(op), examples: op.examples + OperatorOptions.examples(op), isOperator: true,
      number: number(op),
      action: { call in
        if isPair, call.isGiven(1) {
          let pair = op.name == "max" ? Operator.maximum : Operator.minimum
          return try value(pair, call, [call.tensor(0), call.tensor(1)], places: [0, 1])
        }
        if let made = try OperatorOptions.made(op, call) { return made }
        let (inputs, places, attributes) = try operands(op, call, skipping: isPair ? 1 : 0)
        let made = try value(op, call, inputs, attributes, places: places)
        return try OperatorOptions.finish(op, call, made, inputs)
      })
  }

  /// The function of one number, where the operator is one.
  private static func number(_ op: Operator) -> HostFunction.OfNumber? {
    guard case .element(let operation) = op.role, op.parameters.count == 1 else { return nil }
    return operation.ofNumber
  }

  private static func isRest(_ kind: Operator.Parameter.Kind) -> Bool {
    switch kind {
    case .tensors, .sizes, .order: true
    default: false
    }
  }

  private static func fallback(_ value: Operator.Parameter.Default)
    -> HostFunction.Parameter.Default
  {
    switch value {
    case .required: .required
    case .none: .optional("none")
    case .number(let x): .optional(NumberFormat.shortest(x))
    case .bool(let flag): .optional(flag ? "true" : "false")
    }
  }

  private static func summary(_ kind: Operator.Parameter.Kind) -> String {
    switch kind {
    case .tensor: "a tensor"
    case .tensors: "tensors, or one list of them"
    case .axes: "an axis, several, or none for all"
    case .axis: "an axis"
    case .keep: "whether reduced axes stay as size 1"
    case .flag: "true or false"
    case .size: "a whole number"
    case .sizes: "sizes, or one list of them"
    case .order: "axes, or one list of them"
    case .real: "a number"
    case .dtype: "f32, f64, i32, i64 or bool"
    case .text: "a string"
    }
  }

  private static func details(_ op: Operator) -> [String] {
    let formula = op.formula.filling(op)
    // A formula that is the call itself says nothing.
    var details = formula.hasPrefix(op.name + "(") ? [] : ["formula: " + formula]
    switch op.gradient {
    case .none(let reason): details.append("no derivative: \(reason)")
    case .rule:
      if let notation = op.notation {
        details.append("derivative: " + notation.map { $0.filling(op) }.joined(separator: ";  "))
      }
    }
    return details
  }

  /// Plain numbers are Float64: of numbers alone the result is one, computed at once; everything
  /// else is recorded.
  static func value(
    _ op: Operator, _ call: Call, _ inputs: [Node], _ attributes: Attributes = Attributes(),
    places: [Int?]? = nil
  ) throws -> Value {
    let graph = call.session.graph
    if inputs.contains(where: { $0.dtype != .bool }), inputs.allSatisfy(\.isNumber),
      !call.hasTensor, let (result, isBool) = try graph.number(op, inputs, attributes)
    {
      return isBool ? .bool(result != 0) : .number(result)
    }
    return try call.recording(places ?? inputs.map { _ in nil }) {
      try .tensor(recorded(op, graph, inputs, attributes))
    }
  }

  private static func operands(_ op: Operator, _ call: Call, skipping: Int) throws
    -> ([Node], places: [Int?], Attributes)
  {
    var places: [Int?] = []
    var inputs: [Node] = []
    var attributes = Attributes()
    for (place, parameter) in op.parameters.enumerated() {
      let index = place == 0 ? 0 : place + skipping
      switch parameter.kind {
      case .tensor:
        inputs.append(try call.tensor(index))
        places.append(index)
      case .tensors:
        inputs += try call.spread(index)
        places += [Int?](repeating: nil, count: inputs.count - places.count)
      case .axes, .axis:
        attributes.axes = try call.axes(
          index, rank: inputs.first?.shape.rank ?? 0, parameter.defaultValue)
      case .keep: attributes.keep = try call.bool(index, default: false)
      case .flag: attributes.flag = try call.bool(index, default: false)
      case .size where parameter.defaultValue == .none && !call.isGiven(index): break
      case .size:
        attributes.sizes.append(
          try call.int(index, default: standard(parameter.defaultValue)))
      case .order:
        attributes.sizes = try order(call.sizes(index), rank: inputs.first?.shape.rank ?? 0)
      case .sizes: attributes.sizes = try call.sizes(index)
      case .real(let standard):
        attributes.reals.append(try call.number(index, default: standard))
      case .dtype: attributes.dtype = try call.dtype(index)
      case .text: attributes.text = try call.string(index)
      }
    }
    return (inputs, places, attributes)
  }

  /// An order of axes; without one the last two are exchanged.
  private static func order(_ axes: [Int], rank: Int) throws -> [Int] {
    if !axes.isEmpty { return try Attributes.axes(axes, rank: rank) }
    var axes = Array(0..<rank)
    if rank >= 2 { axes.swapAt(rank - 1, rank - 2) }
    return axes
  }

  private static func standard(_ value: Operator.Parameter.Default) -> Int {
    if case .number(let x) = value { return Int(exactly: x) ?? 0 }
    return 0
  }

  /// Records in the common element type; whole numbers become floats where floats are meant.
  private static func recorded(
    _ op: Operator, _ graph: Graph, _ inputs: [Node], _ attributes: Attributes
  ) throws -> Node {
    var inputs = inputs
    var attributes = attributes
    if op === Operator.whereOperator, inputs.count == 3 {
      let dtype = Promotion.meet(inputs[1], inputs[2], floats: false)
      inputs = [inputs[0], try inputs[1].converted(to: dtype), try inputs[2].converted(to: dtype)]
    } else if op !== Operator.crossEntropy, op !== Operator.gather, op !== Operator.oneHot,
      inputs.count > 1
    {
      var dtype = Promotion.meet(inputs[0], inputs[1], floats: false)
      for input in inputs.dropFirst(2) { dtype = Promotion.common(dtype, input.dtype) }
      if op === Operator.linspace { dtype = attributes.dtype ?? graph.defaultDType }
      let types = inputs.map { TensorType($0.shape, dtype) }
      if attributes.dtype == nil, wantsFloats(op, types, attributes) { dtype = graph.defaultDType }
      inputs = try inputs.map { try $0.converted(to: dtype) }
    } else if inputs.count == 1, let dtype = wanted(op, inputs[0], attributes) {
      inputs = [try inputs[0].converted(to: dtype)]
    }
    if op === Operator.stack, let axis = attributes.sizes.first, axis < 0, let first = inputs.first
    {
      attributes.sizes[0] = axis + first.shape.rank + 1
    }
    if op === Operator.oneHot { attributes.dtype = graph.defaultDType }
    if op === Operator.eye, attributes.dtype == nil { attributes.dtype = graph.defaultDType }
    return try graph.record(op, inputs, attributes)
  }

  /// Whether operands of a type are refused for the type alone.
  private static func wantsFloats(_ op: Operator, _ types: [TensorType], _ attributes: Attributes)
    -> Bool
  {
    guard !types[0].dtype.isFloat else { return false }
    do throws(OperatorProblem) { _ = try op.infer(types, attributes) } catch {
      return error.kind == .dtype && types[0].dtype.isInteger
    }
    return false
  }

  /// The element type in which an operator takes whole numbers and bools, where it does not take
  /// them as they are: bools are counted, and where floats are meant they become floats.
  private static func wanted(_ op: Operator, _ x: Node, _ attributes: Attributes) -> DType? {
    guard !x.dtype.isFloat, op !== Operator.any, op !== Operator.all else { return nil }
    let takes = { (dtype: DType) -> Bool in
      do throws(OperatorProblem) {
        _ = try op.infer(
          [TensorType(Shape([2, 2]), dtype)], Attributes(reals: attributes.reals))
        return true
      } catch { return error.kind != .dtype }
    }
    if takes(x.dtype) { return nil }
    return x.dtype == .bool && takes(.i64) ? .i64 : x.graph.defaultDType
  }
}

extension String {
  /// Operand names in a formula.
  func filling(_ op: Operator) -> String {
    var result = self
    for (index, parameter) in op.parameters.enumerated() {
      result = result.split(separator: "{\(index)}", omittingEmptySubsequences: false)
        .joined(separator: parameter.name)
    }
    for (mark, name) in [("{y}", "y"), ("{g}", "upstream")] {
      result = result.split(separator: mark, omittingEmptySubsequences: false)
        .joined(separator: name)
    }
    return result
  }
}

extension Call {
  /// Whether an argument is a tensor, be it of one element.
  fileprivate var hasTensor: Bool {
    (arguments + rest).contains { argument in
      if case .tensor? = argument.map(session.read) { true } else { false }
    }
  }

  /// Tensors given one by one, or as one list or tuple.
  func spread(_ index: Int) throws -> [Node] {
    var values = rest
    if values.count == 1 {
      switch values[0] {
      case .list(let list): values = list.elements
      case .tuple(let tuple): values = tuple.elements
      default: break
      }
    }
    guard !values.isEmpty else { throw Problem(.type, "\(name) wants at least one tensor") }
    return try values.map { value in
      guard let node = try session.tensorLike(value) else {
        throw Problem(.type, "\(name) wants tensors, not \(value.typePhrase)")
      }
      return node
    }
  }

  /// Sizes given one by one, or as one tensor, list or tuple.
  func sizes(_ index: Int) throws -> [Int] {
    var values = rest
    if values.count == 1, let elements = try session.elements(values[0]) { values = elements }
    return try values.map { try session.whole($0, "a size") }
  }

  func axes(_ index: Int, rank: Int, _ standard: Operator.Parameter.Default) throws -> [Int]? {
    let wanted: [Int]
    if isGiven(index) {
      let value = value(index)
      wanted = try (session.elements(value) ?? [value]).map { try session.whole($0, "an axis") }
    } else if case .number(let x) = standard {
      wanted = [Int(exactly: x) ?? 0]
      if rank == 0 { return [] }
    } else {
      return nil
    }
    return try Attributes.axes(wanted, rank: rank).sorted()
  }

  /// An element type by its constant, nil where it was left out.
  func dtype(_ index: Int) throws -> DType? {
    guard isGiven(index) else { return nil }
    if case .foreign(let object) = value(index), let type = object as? DTypeObject {
      return type.dtype
    }
    if case .string(let string) = value(index), let dtype = DType(name: string.text) {
      return dtype
    }
    throw Problem(
      .dtype, "\(parameters[index].name) of \(name) is one of f32, f64, i32, i64, bool",
      argument: index)
  }
}
