// Calling values: closures, builtins, holes, compositions, models.

import Autodiff
import Diagnostics
import Engine
import Syntax

/// Arguments on their way to a function.
struct Arguments {
  private(set) var values: [Value]
  /// The names that arguments were given.
  private(set) var names: [String?]
  /// Where each stands among the operands of the call, and where its name; nil where no source made
  /// the call.
  private(set) var places: [Int?]
  private(set) var namePlaces: [Int?]

  /// Those of a call in the source: its operands are the callee, the arguments, their names.
  init(ofCall values: [Value], names: [String?] = []) {
    let count = values.count
    self.init(values, names: names)
    places = (0..<count).map { 1 + $0 }
    namePlaces = (0..<count).map { 1 + count + $0 }
  }

  init(_ values: [Value], names: [String?] = []) {
    self.values = values
    self.names = names.isEmpty ? [String?](repeating: nil, count: values.count) : names
    places = [Int?](repeating: nil, count: values.count)
    namePlaces = places
  }

  var count: Int { values.count }

  mutating func remove(at index: Int) -> Value {
    names.remove(at: index)
    places.remove(at: index)
    namePlaces.remove(at: index)
    return values.remove(at: index)
  }
}

extension Session {
  /// Whether calling a value does nothing but record, and records the same for operands of the same
  /// shapes.
  package func recordsOnly(_ value: Value) -> Bool {
    switch value {
    case .foreign(let object): object.recordsOnly
    case .function(let host as HostFunctionObject): host.function.isOperator
    case .function(let composition as CompositionObject):
      composition.stages.allSatisfy(recordsOnly)
    default: false
    }
  }

  /// Calls a value.
  func call(_ callee: Value, _ given: Arguments, isTraining: Bool) throws -> Value {
    var arguments = given
    var isTraining = isTraining
    if let place = arguments.names.firstIndex(of: "train"), !takesTrain(callee) {
      isTraining = try condition(arguments.remove(at: place))
    }
    switch callee {
    case .function(let function): return try call(function, arguments, isTraining)
    case .foreign(let object) where object.isCallable:
      return try call(object, arguments, isTraining)
    default: throw notCallable(callee, given)
    }
  }

  /// The error for a call of what is no function: brackets were meant, or a product.
  private func notCallable(_ callee: Value, _ arguments: Arguments) -> Problem {
    let inside = (1...max(1, arguments.count)).map { "{\($0)}" }.joined(separator: ", ")
    var help: String?
    if arguments.count > 0, arguments.names.allSatisfy({ $0 == nil }) {
      switch callee {
      case .tensor(let tensor) where tensor.node.shape.rank >= arguments.count,
        .tensor(let tensor) where tensor.node.shape.rank > 0 && arguments.count == 1:
        _ = tensor
        help = "write {0}[\(inside)]"
      case .list, .tuple, .record, .string, .range: help = "write {0}[\(inside)]"
      case .tensor, .number: help = arguments.count == 1 ? "write {0} * {1}" : nil
      case .foreign(let object): help = object.helpForCall
      default: break
      }
    }
    return Problem(.type, "\(callee.typePhrase) cannot be called", argument: 0, help: help)
  }

  private func takesTrain(_ callee: Value) -> Bool {
    guard case .function(let function) = callee else { return false }
    if let closure = function as? ClosureObject {
      return closure.chunk.parameters.contains { $0.name == "train" }
    }
    return false
  }

  private func call(_ function: FunctionObject, _ arguments: Arguments, _ isTraining: Bool)
    throws -> Value
  {
    switch function {
    case let closure as ClosureObject:
      let (values, given) = try bind(
        closure.chunk.parameters.map { ($0.name, $0.hasDefault) }, arguments, closure.name)
      return try machine.run(closure, values, given: given, isTraining: isTraining)
    case let host as HostFunctionObject:
      return try run(
        bind(host.function.parameters, arguments, host.name, isTraining), host.function.action)
    case let native as NativeFunctionObject:
      return try run(bind(native.parameters, arguments, native.name, isTraining), native.body)
    case let composition as CompositionObject:
      guard let first = composition.stages.first else { return .none }
      var value = try call(first, arguments, isTraining: isTraining)
      for (place, stage) in composition.stages.enumerated().dropFirst() {
        do { value = try call(stage, Arguments([value]), isTraining: isTraining) } catch {
          throw inStage(error, place, of: composition, value)
        }
      }
      return value
    case let partial as PartialObject: return try call(partial, arguments, isTraining)
    case let dropping as DroppingFirst:
      var rest = arguments
      _ = rest.remove(at: 0)
      return try call(dropping.function, rest, isTraining: isTraining)
    default: throw Problem(.type, "this function cannot be called")
    }
  }

  private func call(_ partial: PartialObject, _ arguments: Arguments, _ isTraining: Bool) throws
    -> Value
  {
    var rest = arguments.values[...]
    let filled = try partial.arguments.map { argument -> Value in
      if let value = argument.value { return value }
      guard let next = rest.popFirst() else {
        throw Problem(.type, "this function with holes wants an argument for each hole")
      }
      return next
    }
    guard rest.isEmpty else { throw Problem(.type, "there are more arguments than holes") }
    return try call(
      partial.callee, Arguments(filled, names: partial.arguments.map(\.label)),
      isTraining: isTraining)
  }

  private func call(
    _ object: any ForeignObject, _ arguments: Arguments, _ isTraining: Bool
  ) throws -> Value {
    if let model = object as? ModelObject, let forward = model["forward"] {
      return try call(forward, arguments, isTraining: isTraining)
    }
    let parameters =
      object.callParameters ?? [HostFunction.Parameter("x", "a value")]
    let bound = try bind(parameters, arguments, object.typeName, isTraining)
    guard let watch else { return try run(bound, object.call) }
    do {
      let result = try run(bound, object.call)
      watch(object, result)
      return result
    } catch {
      watch(object, nil)
      throw error
    }
  }

  /// Runs native code; what is wrong with an argument is found at its place in the call.
  private func run(_ call: Call, _ body: (Call) throws -> Value) throws -> Value {
    do { return try body(call) } catch let problem as Problem {
      throw PlacedProblem(problem: problem, places: call.places)
    } catch let problem as OperatorProblem {
      throw PlacedProblem(problem: problem, places: call.places)
    }
  }

  /// Arguments in the order of a closure's parameters, and which were given.
  private func bind(
    _ parameters: [(name: String, hasDefault: Bool)], _ arguments: Arguments, _ function: String
  ) throws -> ([Value], UInt64) {
    var values = [Value](repeating: .none, count: parameters.count)
    var given: UInt64 = 0
    var next = 0
    for (index, argument) in arguments.values.enumerated() {
      let place: Int
      if let name = arguments.names[index] {
        guard let found = parameters.firstIndex(where: { $0.name == name }) else {
          throw unknownArgument(index, arguments, function, parameters.map(\.name))
        }
        place = found
      } else {
        guard next < parameters.count else {
          throw tooMany(arguments, parameters.count, function, "takes")
        }
        place = next
        next += 1
      }
      guard given & (1 << UInt64(min(place, 63))) == 0 || place > 63 else {
        throw twice(index, arguments, parameters[place].name, function)
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

  private func twice(_ index: Int, _ arguments: Arguments, _ name: String, _ function: String)
    -> PlacedProblem
  {
    PlacedProblem(
      problem: Problem(.type, "\(function) gets \(name) twice", argument: 0),
      places: [arguments.places[index]])
  }

  private func tooMany(
    _ arguments: Arguments, _ count: Int, _ function: String, _ takes: String
  ) -> PlacedProblem {
    PlacedProblem(
      problem: Problem(
        .type, "\(function) \(takes) \(counted(count, "argument")), not \(arguments.count)",
        argument: 0),
      places: [count < arguments.count ? arguments.places[count] : nil])
  }

  private func unknownArgument(
    _ index: Int, _ arguments: Arguments, _ function: String, _ known: [String]
  ) -> PlacedProblem {
    let name = arguments.names[index] ?? ""
    let habit = ForeignHabits.argument(name).flatMap { known.contains($0) ? $0 : nil }
    let nearest = habit ?? Suggestion.nearest(to: name, in: known)
    return PlacedProblem(
      problem: Problem(
        .name, "\(function) has no parameter '\(name)'", argument: 0,
        help: nearest.map { "did you mean \($0):?" } ?? ForeignHabits.help(forArgument: name)
          ?? (known.isEmpty ? nil : "it has \(known.joined(separator: ", "))")),
      places: [arguments.namePlaces[index]])
  }

  /// Arguments of a host function.
  func bind(
    _ parameters: [HostFunction.Parameter], _ arguments: Arguments, _ function: String,
    _ isTraining: Bool = false
  ) throws -> Call {
    var values = [Value?](repeating: nil, count: parameters.count)
    var places = [Int?](repeating: nil, count: parameters.count)
    var rest: [Value] = []
    var restPlaces: [Int?] = []
    var next = 0
    for (index, argument) in arguments.values.enumerated() {
      if let name = arguments.names[index] {
        guard let place = parameters.firstIndex(where: { $0.name == name }) else {
          throw unknownArgument(index, arguments, function, parameters.map(\.name))
        }
        guard values[place] == nil else { throw twice(index, arguments, name, function) }
        values[place] = argument
        places[place] = arguments.places[index]
        continue
      }
      if next < parameters.count, case .rest = parameters[next].defaultValue {
        rest.append(argument)
        restPlaces.append(arguments.places[index])
      } else if next < parameters.count {
        guard values[next] == nil else {
          throw twice(index, arguments, parameters[next].name, function)
        }
        values[next] = argument
        places[next] = arguments.places[index]
        next += 1
      } else {
        throw tooMany(arguments, parameters.count, function, "takes at most")
      }
    }
    for (place, parameter) in parameters.enumerated() where values[place] == nil {
      if case .required = parameter.defaultValue {
        throw Problem(
          .type, "\(function) wants \(parameter.name) (\(parameter.summary)), which is missing",
          help: arguments.count == 0 ? "write \(function) without ( ) for the function itself" : nil
        )
      }
    }
    return Call(
      session: self, name: function, parameters: parameters, arguments: values, rest: rest,
      isTraining: isTraining, places: places, restPlaces: restPlaces)
  }
}

// MARK: - Arguments

extension Call {
  private func problem(_ index: Int, _ wanted: String, _ value: Value?) -> Problem {
    Problem(
      .type,
      "\(parameters[index].name) of \(name) must be \(wanted), not \(value?.typePhrase ?? "none")",
      argument: index)
  }

  private func noTensor(_ index: Int) -> Problem? {
    guard var problem = value(index).noTensor else { return nil }
    problem.arguments = [index]
    return problem
  }

  /// The argument, none where it was left out.
  package func value(_ index: Int) -> Value { session.read(arguments[index] ?? .none) }

  /// The argument as it is: a param stays a param.
  package func raw(_ index: Int) -> Value { arguments[index] ?? .none }

  /// The place of a parameter that was given, by its name.
  package func given(_ name: String) -> Int? {
    parameters.firstIndex { $0.name == name }.flatMap { isGiven($0) ? $0 : nil }
  }

  package func isGiven(_ index: Int) -> Bool {
    if case .none = arguments[index] ?? .none { return false }
    return true
  }

  package func tensor(_ index: Int) throws -> Node {
    guard let node = try session.tensorLike(value(index)) else {
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
        "\(parameters[index].name) of \(name) must be a whole number, not "
          + (try session.display(value(index))), argument: index)
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
    guard isGiven(index) else { return standard }
    let value = value(index)
    if case .bool(let flag) = value { return flag }
    guard case .tensor(let tensor) = value, tensor.node.dtype == .bool else {
      throw problem(index, "true or false", value)
    }
    return try session.condition(value)
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
