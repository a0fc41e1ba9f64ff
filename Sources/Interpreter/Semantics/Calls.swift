// Calling values: closures, builtins, holes, compositions, models.

import Autodiff
import Diagnostics
import Engine

extension Session {
  /// Calls a value; `names` has a name for each argument that was given one.
  func call(_ callee: Value, positional: [Value], names: [String?], isTraining: Bool) throws
    -> Value
  {
    var arguments = positional
    var names = names
    var isTraining = isTraining
    if names.isEmpty { names = [String?](repeating: nil, count: arguments.count) }
    if let place = names.firstIndex(of: "train"), !takesTrain(callee) {
      isTraining = try condition(arguments[place])
      arguments.remove(at: place)
      names.remove(at: place)
    }
    switch callee {
    case .function(let function):
      return try call(function, arguments, names, isTraining)
    case .foreign(let object) where object.isCallable:
      return try call(object, arguments, names, isTraining)
    default:
      throw Problem(
        .type, "a \(callee.typeName) cannot be called",
        help: callee.typeName == "tensor" || callee.typeName == "number"
          ? "write * before the parenthesis to multiply" : nil)
    }
  }

  private func takesTrain(_ callee: Value) -> Bool {
    guard case .function(let function) = callee else { return false }
    if let closure = function as? ClosureObject {
      return closure.chunk.parameters.contains { $0.name == "train" }
    }
    return false
  }

  private func call(
    _ function: FunctionObject, _ arguments: [Value], _ names: [String?], _ isTraining: Bool
  ) throws -> Value {
    switch function {
    case let closure as ClosureObject:
      let (values, given) = try bind(
        closure.chunk.parameters.map { ($0.name, $0.hasDefault) }, arguments, names, closure.name)
      return try machine.run(closure, values, given: given, isTraining: isTraining)
    case let host as HostFunctionObject:
      let bound = try bind(host.function.parameters, arguments, names, host.name, isTraining)
      do { return try host.function.action(bound) } catch {
        throw placed(error, host.function.parameters, names)
      }
    case let native as NativeFunctionObject:
      return try native.body(bind(native.parameters, arguments, names, native.name, isTraining))
    case let composition as CompositionObject:
      guard let first = composition.stages.first else { return .none }
      var value = try call(
        first, positional: arguments, names: names, isTraining: isTraining)
      for (place, stage) in composition.stages.enumerated().dropFirst() {
        do {
          value = try call(stage, positional: [value], names: [nil], isTraining: isTraining)
        } catch { throw inStage(error, place, of: composition, value) }
      }
      return value
    case let partial as PartialObject:
      var rest = arguments[...]
      let filled = try partial.arguments.map { argument -> Value in
        if let value = argument.value { return value }
        guard let next = rest.popFirst() else {
          throw Problem(.type, "this function with holes wants an argument for each hole")
        }
        return next
      }
      guard rest.isEmpty else {
        throw Problem(.type, "there are more arguments than holes")
      }
      return try call(
        partial.callee, positional: filled, names: partial.arguments.map(\.label),
        isTraining: isTraining)
    case let dropping as DroppingFirst:
      do {
        return try call(
          dropping.function, positional: Array(arguments.dropFirst()),
          names: Array(names.dropFirst()),
          isTraining: isTraining)
      } catch { throw moved(error) { $0 + 1 } }
    default: throw Problem(.type, "this function cannot be called")
    }
  }

  private func call(
    _ object: any ForeignObject, _ arguments: [Value], _ names: [String?], _ isTraining: Bool
  ) throws -> Value {
    if let model = object as? ModelObject, let forward = model["forward"] {
      return try call(forward, positional: arguments, names: names, isTraining: isTraining)
    }
    let parameters =
      object.callParameters ?? [HostFunction.Parameter("x", "a value")]
    let call = try bind(parameters, arguments, names, object.typeName, isTraining)
    guard let watch else { return try object.call(call) }
    do {
      let result = try object.call(call)
      watch(object, result)
      return result
    } catch {
      watch(object, nil)
      throw error
    }
  }

  /// Arguments in the order of a closure's parameters, and which were given.
  private func bind(
    _ parameters: [(name: String, hasDefault: Bool)], _ arguments: [Value], _ names: [String?],
    _ function: String
  ) throws -> ([Value], UInt64) {
    var values = [Value](repeating: .none, count: parameters.count)
    var given: UInt64 = 0
    var next = 0
    for (argument, name) in zip(arguments, names) {
      let place: Int
      if let name {
        guard let found = parameters.firstIndex(where: { $0.name == name }) else {
          throw unknownArgument(name, function, parameters.map(\.name))
        }
        place = found
      } else {
        guard next < parameters.count else {
          throw Problem(
            .type,
            "\(function) takes \(counted(parameters.count, "argument")), not \(arguments.count)")
        }
        place = next
        next += 1
      }
      guard given & (1 << UInt64(min(place, 63))) == 0 || place > 63 else {
        throw Problem(.type, "\(function) gets \(parameters[place].name) twice")
      }
      values[place] = read(argument)
      given |= 1 << UInt64(min(place, 63))
    }
    for (place, parameter) in parameters.enumerated()
    where !parameter.hasDefault && given & (1 << UInt64(min(place, 63))) == 0 {
      throw Problem(.type, "\(function) wants \(parameter.name), which is missing")
    }
    return (values, given)
  }

  private func counted(_ count: Int, _ word: String) -> String {
    count == 1 ? "one \(word)" : "\(count) \(word)s"
  }

  private func unknownArgument(_ name: String, _ function: String, _ known: [String]) -> Problem {
    Problem(
      .name, "\(function) has no parameter '\(name)'",
      help: Suggestion.nearest(to: name, in: known).map { "did you mean \($0):?" }
        ?? (known.isEmpty ? nil : "it has \(known.joined(separator: ", "))"))
  }

  /// Arguments of a host function.
  private func bind(
    _ parameters: [HostFunction.Parameter], _ arguments: [Value], _ names: [String?],
    _ function: String, _ isTraining: Bool
  ) throws -> Call {
    var values = [Value?](repeating: nil, count: parameters.count)
    var rest: [Value] = []
    var next = 0
    for (argument, name) in zip(arguments, names) {
      if let name {
        guard let place = parameters.firstIndex(where: { $0.name == name }) else {
          throw unknownArgument(name, function, parameters.map(\.name))
        }
        values[place] = argument
        continue
      }
      if next < parameters.count, case .rest = parameters[next].defaultValue {
        rest.append(argument)
      } else if next < parameters.count {
        values[next] = argument
        next += 1
      } else {
        throw Problem(
          .type,
          "\(function) takes at most \(counted(parameters.count, "argument")), not \(arguments.count)"
        )
      }
    }
    for (place, parameter) in parameters.enumerated() where values[place] == nil {
      if case .required = parameter.defaultValue {
        throw Problem(
          .type, "\(function) wants \(parameter.name) (\(parameter.summary)), which is missing")
      }
    }
    return Call(
      session: self, name: function, parameters: parameters, arguments: values, rest: rest,
      isTraining: isTraining)
  }
}

// MARK: - Arguments

extension Call {
  private func problem(_ index: Int, _ wanted: String, _ value: Value?) -> Problem {
    Problem(
      .type,
      "\(parameters[index].name) of \(name) is \(wanted), not a \(value?.typeName ?? "none")",
      argument: index)
  }

  private func noTensor(_ index: Int) -> Problem? {
    guard var problem = value(index).noTensor else { return nil }
    problem.argument = index
    return problem
  }

  /// The argument, none where it was left out.
  package func value(_ index: Int) -> Value { session.read(arguments[index] ?? .none) }

  /// The argument as it is: a param stays a param.
  package func raw(_ index: Int) -> Value { arguments[index] ?? .none }

  package func isGiven(_ index: Int) -> Bool {
    if case .none = arguments[index] ?? .none { return false }
    return true
  }

  package func tensor(_ index: Int) throws -> Node {
    guard let node = session.node(value(index)) else {
      throw noTensor(index) ?? problem(index, "a tensor", arguments[index])
    }
    return node
  }

  package func number(_ index: Int) throws -> Double {
    switch value(index) {
    case .number(let x): return x
    case .tensor(let tensor) where tensor.node.shape.count == 1:
      return try session.graph.item(tensor.node)
    case let other: throw noTensor(index) ?? problem(index, "a number", other)
    }
  }

  package func number(_ index: Int, default standard: Double) throws -> Double {
    isGiven(index) ? try number(index) : standard
  }

  package func int(_ index: Int) throws -> Int {
    let x = try number(index)
    guard let whole = Int(exactly: x) else {
      throw Problem(
        .value,
        "\(parameters[index].name) of \(name) is a whole number, not "
          + NumberFormat.shortest(x), argument: index)
    }
    return whole
  }

  package func int(_ index: Int, default standard: Int) throws -> Int {
    isGiven(index) ? try int(index) : standard
  }

  package func string(_ index: Int) throws -> String {
    guard case .string(let string) = value(index) else {
      throw problem(index, "a string", arguments[index])
    }
    return string.text
  }

  package func string(_ index: Int, default standard: String) throws -> String {
    isGiven(index) ? try string(index) : standard
  }

  package func bool(_ index: Int, default standard: Bool) throws -> Bool {
    isGiven(index) ? try session.condition(value(index)) : standard
  }

  package func function(_ index: Int) throws -> Value {
    guard session.isCallable(value(index)) else {
      throw problem(index, "a function", arguments[index])
    }
    return value(index)
  }

  /// The elements of a list, a tuple, a tensor's first axis …
  package func elements(_ index: Int) throws -> [Value] {
    try session.elements(value(index)) ?? { throw problem(index, "a list", arguments[index]) }()
  }

  package func invoke(_ function: Value, _ arguments: [Value]) throws -> Value {
    try session.call(function, arguments)
  }
}

extension Session {
  package func elements(_ value: Value) throws -> [Value]? {
    guard let count = length(value) else { return nil }
    try checkListLength(count)
    return try (0..<count).map { try element(value, $0) }
  }

  /// Lists count against the memory limit as tensors do.
  func checkListLength(_ count: Int) throws {
    guard count > Memory.limit / MemoryLayout<Value>.stride else { return }
    throw Problem(
      .memory, "\(count) elements are more than a list may hold",
      help: "go over them in a loop, or make a tensor with arange")
  }
}
