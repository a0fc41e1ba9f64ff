// Makes tile programs: which operands are read how, which register holds what.

/// Describes a fused loop, value by value, and builds its program.
package struct TileBuilder {
  /// An operand or a result inside of the loop.
  package struct Value: Hashable, Sendable {
    fileprivate let id: Int
  }

  fileprivate enum Source {
    /// Memory in the order of the loop.
    case plain(address: Int)
    /// Memory that is brought into the order of the loop.
    case gathered(address: Int, layout: TileLayout, isTruth: Bool)
    case number(address: Int)
    case constant(Double)
    case result(instruction: Int)
  }

  fileprivate struct Step {
    var operation: TileOperation
    var form: TileInstruction.Form
    var operands: [Value]
    var result: Value
  }

  private struct OperandKey: Hashable {
    var address: Int
    var steps: [Int]
    var isSpread: Bool
  }

  private struct Made {
    var value: Value
    var address: Int
    var flag: Bool
  }

  private let sizes: [Int]
  private let count: Int
  private let isDouble: Bool
  private let order: TileOrder
  private var sources: [Source] = []
  private var steps: [Step] = []
  private var outputs: [Made] = []
  private var sums: [Made] = []
  private var known: [OperandKey: Value] = [:]
  package var instructionCount: Int { steps.count }

  /// A loop over axes of these sizes, none of which is 1.
  package init(sizes: [Int], isDouble: Bool, order: TileOrder) {
    (self.sizes, self.isDouble, self.order) = (sizes, isDouble, order)
    count = sizes.reduce(1, *)
  }

  private mutating func add(_ source: Source) -> Value {
    sources.append(source)
    return Value(id: sources.count - 1)
  }

  /// An operand in memory with a step for each axis of the loop; 0 where it is stretched.
  package mutating func operand(_ address: Int, steps: [Int], isTruth: Bool = false) -> Value {
    operand(address, steps: steps, isTruth: isTruth, isSpread: false)
  }

  private mutating func operand(
    _ address: Int, steps: [Int], isTruth: Bool, isSpread: Bool
  ) -> Value {
    let key = OperandKey(address: address, steps: steps, isSpread: isSpread)
    if let value = known[key] { return value }
    let layout = TileLayout(sizes: sizes, steps: steps)
    let source: Source
    if isTruth || isSpread {
      source = .gathered(address: address, layout: layout, isTruth: isTruth)
    } else if layout.isPlain {
      source = .plain(address: address)
    } else if layout.isNumber {
      source = .number(address: address)
    } else {
      source = .gathered(address: address, layout: layout, isTruth: false)
    }
    let value = add(source)
    known[key] = value
    return value
  }

  package mutating func constant(_ number: Double) -> Value { add(.constant(number)) }

  package mutating func apply(_ operation: TileOperation, _ operands: [Value]) -> Value {
    var operands = operands
    var form = TileInstruction.Form.tiles
    let areNumbers = operands.map(isNumber)
    switch operation {
    case .clip: operands[0] = spread(operands[0])
    case .power where count == 1: form = .secondIsNumber
    case _ where operation.operands == 2 && areNumbers == [false, true]: form = .secondIsNumber
    case _ where operation.operands == 2 && areNumbers[0]:
      form = .firstIsNumber
      operands[1] = spread(operands[1])
    default: operands = operands.map { spread($0) }
    }
    let result = add(.result(instruction: steps.count))
    steps.append(Step(operation: operation, form: form, operands: operands, result: result))
    return result
  }

  private func isNumber(_ value: Value) -> Bool {
    switch sources[value.id] {
    case .number, .constant: true
    default: false
    }
  }

  /// A number as a tile of it.
  private mutating func spread(_ value: Value) -> Value {
    switch sources[value.id] {
    case .number(let address):
      return operand(
        address, steps: sizes.map { _ in 0 }, isTruth: false, isSpread: true)
    default: return value
    }
  }

  /// A result that is wanted in memory.
  package mutating func output(_ value: Value, address: Int, isTruth: Bool = false) {
    var value = value
    var isResult = false
    if case .result = sources[value.id] { isResult = true }
    if !isResult || outputs.contains(where: { $0.value == value }) { value = apply(.copy, [value]) }
    outputs.append(Made(value: value, address: address, flag: isTruth))
  }

  /// A sum or mean, over what the order of the loop says.
  package mutating func sum(_ value: Value, address: Int, isMean: Bool) {
    sums.append(Made(value: spread(value), address: address, flag: isMean))
  }

  /// What a program consists of; places below `registers` are registers.
  struct Parts {
    var isDouble: Bool
    var count: Int
    var order: TileOrder
    var isAligned: Bool
    var registers = 0
    var places = 0
    var instructions: [TileInstruction] = []
    var inputs: [TileProgram.Input] = []
    var numbers: [TileProgram.Input] = []
    var outputs: [TileProgram.Output] = []
    var sums: [TileProgram.Sum] = []
    var layouts: [Int] = []
    var constants: [UInt64] = []
    var constantPlaces: [Int] = []
  }

  /// The program; a large one is shared by the threads of the pool, or by so many.
  package func build(threads: Int? = nil) -> TileProgram {
    var assignment = Assignment(self)
    return TileProgram(assignment.parts(), threads: threads)
  }

  /// Gives every value its place.
  private struct Assignment {
    private let builder: TileBuilder
    private let isAligned: Bool
    /// Registers from 0; places outside of them from −1 downwards until their number is known.
    private var places: [Int]
    private var registers = 0
    private var others = 0
    private var free: [Int] = []
    private var lastUse: [Int]

    init(_ builder: TileBuilder) {
      self.builder = builder
      let width = builder.isDouble ? 8 : 16
      isAligned =
        switch builder.order {
        case .flat: true
        case .rows(let length), .columns(let length): length % width == 0
        }
      places = [Int](repeating: 0, count: builder.sources.count)
      lastUse = [Int](repeating: -1, count: builder.sources.count)
      for (index, step) in builder.steps.enumerated() {
        for operand in step.operands { lastUse[operand.id] = index }
      }
      for made in builder.outputs + builder.sums { lastUse[made.value.id] = .max }
    }

    private mutating func other() -> Int {
      others += 1
      return -others
    }

    private mutating func register() -> Int {
      if let register = free.popLast() { return register }
      registers += 1
      return registers - 1
    }

    private func final(_ place: Int) -> Int32 {
      Int32(place >= 0 ? place : registers - 1 - place)
    }

    private func isDirect(_ output: Made) -> Bool { isAligned && !output.flag }

    mutating func parts() -> Parts {
      for (id, source) in builder.sources.enumerated() {
        switch source {
        case .plain, .number, .constant: places[id] = other()
        case .gathered: places[id] = register()
        case .result: break
        }
      }
      var spare: [Int: Int] = [:]
      if !isAligned {
        for (id, source) in builder.sources.enumerated() {
          if case .plain = source { spare[id] = register() }
        }
      }
      for output in builder.outputs where isDirect(output) { places[output.value.id] = other() }
      assignResults()
      return collected(spare)
    }

    /// Registers of results; one is taken again after its last reader.
    private mutating func assignResults() {
      let direct = Set(builder.outputs.filter(isDirect).map(\.value))
      for (index, step) in builder.steps.enumerated() {
        let ending = Set(step.operands).filter { operand in
          guard case .result = builder.sources[operand.id] else { return false }
          return lastUse[operand.id] == index && !direct.contains(operand)
        }
        let released = ending.map { places[$0.id] }
        if !step.operation.wantsOwnResult { free.append(contentsOf: released) }
        if !direct.contains(step.result) { places[step.result.id] = register() }
        if step.operation.wantsOwnResult { free.append(contentsOf: released) }
      }
    }

    private func collected(_ spare: [Int: Int]) -> Parts {
      var parts = Parts(
        isDouble: builder.isDouble, count: builder.count, order: builder.order,
        isAligned: isAligned)
      parts.registers = registers
      parts.places = registers + others
      for (id, source) in builder.sources.enumerated() {
        add(source, place: final(places[id]), spare: Int32(spare[id] ?? 0), to: &parts)
      }
      parts.instructions = builder.steps.map { step in
        let operands = step.operands.map { final(places[$0.id]) }
        let first = operands[0]
        return TileInstruction(
          operation: step.operation, form: step.form, result: final(places[step.result.id]),
          operands: (
            first, operands.count > 1 ? operands[1] : first,
            operands.count > 2 ? operands[2] : first
          ))
      }
      parts.outputs = builder.outputs.map {
        TileProgram.Output(
          address: Int32($0.address), place: final(places[$0.value.id]), isCopied: !isDirect($0),
          isTruth: $0.flag)
      }
      parts.sums = builder.sums.map {
        TileProgram.Sum(
          address: Int32($0.address), place: final(places[$0.value.id]), isMean: $0.flag)
      }
      return parts
    }

    private func add(_ source: Source, place: Int32, spare: Int32, to parts: inout Parts) {
      var input = TileProgram.Input(
        address: 0, place: place, register: spare, layout: -1, rank: 0, isTruth: false)
      switch source {
      case .plain(let address):
        input.address = Int32(address)
        parts.inputs.append(input)
      case .number(let address):
        input.address = Int32(address)
        parts.numbers.append(input)
      case .gathered(let address, let layout, let isTruth):
        input.address = Int32(address)
        input.isTruth = isTruth
        if !layout.sizes.isEmpty, !(isTruth && layout.isPlain) {
          input.layout = Int32(parts.layouts.count)
          input.rank = Int32(layout.sizes.count)
          parts.layouts += layout.flat
        }
        parts.inputs.append(input)
      case .constant(let number):
        parts.constantPlaces.append(Int(place))
        parts.constants.append(
          builder.isDouble ? number.bitPattern : UInt64(Float(number).bitPattern))
      case .result: break
      }
    }
  }
}
