// Functions, lambdas and models to bytecode.

import Diagnostics
import Syntax

extension FunctionCompiler {
  /// `fn name(…)`: declared before its body is compiled, so that it can call itself.
  func function(_ function: FunctionDeclaration) throws {
    guard let name = function.name else { return }
    if definesGlobals {
      let slot = session.globals.define(name.name)
      session.expect(name, source)
      let value = try closure(function)
      emit(.storeGlobal, value, slot, 1, at: name.range)
      return
    }
    let target = none()
    declare(name, value: target)
    let value = try closure(function)
    guard let variable = resolve(name.name) else { return }
    switch variable.place {
    case .cell(let index): emit(.storeCell, index, value)
    case .register(let index): emit(.move, index, value)
    default: break
    }
  }

  /// A closure of a function in a fresh register.
  ///
  /// The forward of a model is called by the model's name.
  func closure(
    _ function: FunctionDeclaration, of model: String? = nil, modelParameters: Set<String> = []
  ) throws -> Int {
    let compiler = FunctionCompiler(
      session: session, parent: self, name: model ?? function.name?.name ?? "function",
      source: source,
      captured: NameCollector.captured(by: function), isTopLevel: false)
    compiler.span = function.range
    compiler.chunk.documentation = function.documentation
    compiler.chunk.range = function.range
    compiler.chunk.isForward = model != nil
    try compiler.compile(function, modelParameters: modelParameters)
    chunk.chunks.append(compiler.chunk)
    let target = register()
    emit(.closure, target, chunk.chunks.count - 1)
    return target
  }

  private func compile(_ function: FunctionDeclaration, modelParameters: Set<String>) throws {
    for parameter in function.parameters {
      let name = parameter.pattern.names.first?.name ?? "_"
      chunk.parameters.append(
        CompiledParameter(name: name, hasDefault: parameter.defaultValue != nil))
      _ = register()
    }
    for (index, parameter) in function.parameters.enumerated() {
      if let value = parameter.defaultValue {
        let given = register()
        emit(.hasArgument, given, index)
        let skip = emit(.jumpIfTrue, given)
        move(index, try expr(value))
        patch(skip)
      }
      try bindParameter(parameter.pattern, index)
    }
    if chunk.isForward, resolveLocalName("train") == nil {
      let train = register()
      emit(.hasArgument, train, -1)
      declare(Identifier("train", function.range), value: train)
    }
    let names = try dimensions(function, modelParameters)
    for (index, parameter) in function.parameters.enumerated() {
      guard let shape = parameter.shape else { continue }
      check(shape, parameter, index, names)
    }
    for (name, register) in names where capturedNames.contains(name) {
      emit(.newCell, register, register)
      enter(name, Variable(place: .cell(register)), scope: 0)
    }
    let result = register()
    switch function.body {
    case .expression(let body): move(result, try expr(body))
    case .block(let block):
      try self.block(block.statements, wantsValue: true, into: result)
    }
    emit(.returnValue, result)
    // A result's shape is checked wherever the function returns.
    if let shape = function.resultShape { guardReturns(shape, names) }
  }

  private func resolveLocalName(_ name: String) -> Variable? { scopes[0][name] }

  /// Names a parameter where it arrives; a cell when inner functions use it.
  private func bindParameter(_ pattern: Pattern, _ index: Int) throws {
    guard case .name(let name) = pattern else {
      return try bind(pattern, index)
    }
    if capturedNames.contains(name.name) {
      emit(.newCell, index, index)
      enter(name.name, Variable(place: .cell(index)), scope: 0)
    } else {
      enter(name.name, Variable(place: .register(index)), scope: 0)
    }
  }

  /// A register for each dimension name; a model's own parameters keep their value.
  private func dimensions(_ function: FunctionDeclaration, _ modelParameters: Set<String>) throws
    -> [String: Int]
  {
    var names: [String: Int] = [:]
    let shapes = function.parameters.compactMap(\.shape) + [function.resultShape].compactMap { $0 }
    for case .name(let name) in shapes.flatMap({ $0 }) where names[name.name] == nil {
      if modelParameters.contains(name.name) {
        names[name.name] = try load(name.name, name.range)
        continue
      }
      let target = none()
      names[name.name] = target
      enter(name.name, Variable(place: .register(target)), scope: 0)
    }
    return names
  }

  private func shapeCheck(
    _ shape: [DimensionSpec], _ parameter: String, _ place: Int?, _ names: [String: Int]
  ) -> ShapeCheck {
    var parts: [ShapeCheck.Part] = []
    var text: [String] = []
    for dimension in shape {
      switch dimension {
      case .size(let size, _):
        parts.append(.size(size))
        text.append(String(size))
      case .name(let name):
        parts.append(.name(name.name, register: names[name.name] ?? 0))
        text.append(name.name)
      case .anyLeading:
        parts.append(.anyLeading)
        text.append("..")
      }
    }
    return ShapeCheck(
      parameter: parameter, place: place, function: chunk.name, parts: parts,
      text: "[" + text.prefix(12).joined(separator: ", ") + (text.count > 12 ? ", …]" : "]"))
  }

  private func check(
    _ shape: [DimensionSpec], _ parameter: ParameterDeclaration, _ index: Int,
    _ names: [String: Int]
  ) {
    let name = parameter.pattern.names.first?.name ?? "_"
    chunk.shapes.append(shapeCheck(shape, name, index, names))
    var source = index
    if capturedNames.contains(name) {
      source = register()
      emit(.cell, source, index)
    }
    emit(.checkShape, 0, source, chunk.shapes.count - 1, at: parameter.range)
  }

  private func guardReturns(_ shape: [DimensionSpec], _ names: [String: Int]) {
    // Captured names were moved into cells, which hold the same numbers; sizes agree at the call.
    guard !names.keys.contains(where: capturedNames.contains) else { return }
    chunk.shapes.append(shapeCheck(shape, "result", nil, names))
    resultCheck = chunk.shapes.count - 1
    var code: [Instruction] = []
    var spans: [InstructionSpan] = []
    var moved = [Int](repeating: 0, count: chunk.code.count + 1)
    for (position, instruction) in chunk.code.enumerated() {
      moved[position] = code.count
      if instruction.op == .returnValue {
        code.append(Instruction(.checkShape, 0, Int(instruction.a), chunk.shapes.count - 1))
        spans.append(chunk.spans[position])
      }
      code.append(instruction)
      spans.append(chunk.spans[position])
    }
    moved[chunk.code.count] = code.count
    for position in code.indices {
      if let target = code[position].target { code[position].target = moved[target] }
    }
    chunk.code = code
    chunk.spans = spans
    for index in chunk.locals.indices {
      chunk.locals[index].start = moved[chunk.locals[index].start]
      chunk.locals[index].end = chunk.locals[index].end.map { moved[$0] }
    }
  }

  /// A model is a function that makes an instance: members first, then its forward.
  func model(_ model: ModelDeclaration) throws {
    let isGlobal = definesGlobals
    let slot = isGlobal ? session.globals.define(model.name.name) : 0
    if isGlobal { session.expect(model.name, source) }
    let compiler = FunctionCompiler(
      session: session, parent: self, name: model.name.name, source: source,
      captured: Set(model.members.flatMap { $0.definedNames.map(\.name) })
        .union(model.parameters.flatMap { $0.pattern.names.map(\.name) }), isTopLevel: false)
    compiler.span = model.range
    compiler.chunk.documentation = model.documentation
    compiler.chunk.range = model.range
    compiler.chunk.isModel = true
    try compiler.compile(model)
    chunk.chunks.append(compiler.chunk)
    let target = register()
    emit(.closure, target, chunk.chunks.count - 1)
    if isGlobal {
      emit(.storeGlobal, target, slot, 1, at: model.name.range)
    } else {
      declare(model.name, value: target)
    }
  }

  private func compile(_ model: ModelDeclaration) throws {
    for parameter in model.parameters {
      chunk.parameters.append(
        CompiledParameter(
          name: parameter.pattern.names.first?.name ?? "_",
          hasDefault: parameter.defaultValue != nil))
      _ = register()
    }
    for (index, parameter) in model.parameters.enumerated() {
      if let value = parameter.defaultValue {
        let given = register()
        emit(.hasArgument, given, index)
        let skip = emit(.jumpIfTrue, given)
        move(index, try expr(value))
        patch(skip)
      }
      try bindParameter(parameter.pattern, index)
    }
    let instance = register()
    emit(.model, instance, text(model.name.name), model.parameters.count)
    for member in model.members {
      span = member.range
      switch member.kind {
      case .layer(let name, let value):
        let target = register()
        move(target, try expr(value))
        emit(.member, instance, target, text(name.name), at: member.range)
        declare(name, value: target)
      case .param(let name, let value):
        let target = register()
        emit(.newParam, target, try expr(value), text(name.name), at: member.range)
        emit(.member, instance, target, text(name.name))
        declare(name, value: target, isParam: true)
      default: _ = try statement(member, wantsValue: false)
      }
    }
    let parameters = Set(model.parameters.flatMap { $0.pattern.names.map(\.name) })
    let forward = try closure(
      model.forward, of: model.name.name, modelParameters: parameters)
    emit(.member, instance, forward, text("forward"))
    emit(.returnValue, instance)
  }
}
