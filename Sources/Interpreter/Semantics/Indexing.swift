// Reading and updating parts of values.

import Autodiff
import Diagnostics
import Engine
import Syntax

/// One step from a variable to the part that is updated.
enum UpdateStep {
  case field(String)
  case index([IndexValue])
}

extension Session {
  /// `value[items]`
  package func index(_ value: Value, _ items: [IndexValue]) throws -> Value {
    switch value {
    case .tensor(let tensor): return .tensor(try index(tensor.node, items))
    case .tuple(let tuple): return try sequence(tuple.elements, items, "tuple") { .tuple($0) }
    case .list(let list): return try sequence(list.elements, items, "list") { .list($0) }
    case .range(let range): return try index(range, items)
    case .string(let string):
      if items.count == 1, let part = try part(of: string, items[0]) { return .string(part) }
      let characters = string.text.map { Value.string(String($0)) }
      return try sequence(characters, items, "string") { parts in
        .string(
          parts.map { if case .string(let s) = $0 { s.text } else { "" } }.joined())
      }
    case .record(let record):
      guard items.count == 1, case .value(.string(let name)) = items[0] else { break }
      guard let field = record[name.text] else { throw unknownField(value, name.text) }
      return field
    case .function(let function):
      guard let composition = function as? CompositionObject else { break }
      return try sequence(composition.stages, items, "composition") {
        .function(CompositionObject($0))
      }
    case .foreign(let object):
      if let result = try object.index(items, self) { return result }
    default: break
    }
    let inside = (1...max(1, items.count)).map { "{\($0)}" }.joined(separator: ", ")
    // `f[i]` is a call with the wrong brackets, `len [1]` one without any: its bracket is the x.
    let isList = items.count > 1 || takesData(value)
    throw Problem(
      .type, "\(value.typePhrase) cannot be indexed", argument: 0,
      help: isCallable(value)
        ? "write {0}(" + (isList ? "[\(inside)]" : inside) + ")" : nil)
  }

  /// Whether a value is a builtin of elements, which are called x everywhere.
  private func takesData(_ value: Value) -> Bool {
    guard case .function(let builtin as HostFunctionObject) = value else { return false }
    return builtin.function.parameters.first?.name == "x"
  }

  /// One character or a range of them; nil for every other index.
  private func part(of string: StringObject, _ item: IndexValue) throws -> StringObject? {
    switch item {
    case .value(.number(let index)):
      let place = try place(.number(index), string.length, "string")
      return string.part(place..<place + 1)
    case .range(let lower, let upper):
      let (start, end) = bounds(lower, upper, string.length)
      try reserve(end - start + 64, 1)
      return string.part(start..<end)
    default: return nil
    }
  }

  /// Parts of a range are found by counting: a range may be longer than memory.
  private func index(_ range: RangeObject, _ items: [IndexValue]) throws -> Value {
    let count = max(0, range.upper - range.lower)
    if items.count == 1 {
      switch items[0] {
      case .value(.number(let index)):
        return .number(Double(range.lower + (try place(.number(index), count, "range"))))
      case .range(let lower, let upper):
        let (start, end) = bounds(lower, upper, count)
        return .range(RangeObject(range.lower + start, range.lower + end))
      default: break
      }
    }
    return try sequence(try elements(.range(range)) ?? [], items, "range") { .list($0) }
  }

  private func sequence(
    _ elements: [Value], _ items: [IndexValue], _ what: String, _ make: ([Value]) -> Value
  ) throws -> Value {
    guard items.count == 1 else {
      throw Problem(
        .index, "a \(what) has one axis; there are \(items.count) indices", argument: 2,
        help: "write {0}[{1}][{2}]")
    }
    switch items[0] {
    case .value(let value):
      if case .tensor(let tensor) = value, tensor.node.shape.rank == 1 {
        let picks = try graph.values(tensor.node)
        if tensor.node.dtype == .bool {
          return make(zip(elements, picks).filter { $0.1 != 0 }.map(\.0))
        }
        return make(try picks.map { elements[try place(.number($0), elements.count, what)] })
      }
      return elements[try place(value, elements.count, what)]
    case .range(let lower, let upper):
      let (start, end) = bounds(lower, upper, elements.count)
      return make(Array(elements[start..<end]))
    case .newAxis: throw Problem(.index, "a \(what) has no axes")
    }
  }

  /// An index counted from the end where negative, checked.
  private func place(_ value: Value, _ count: Int, _ what: String) throws -> Int {
    let index = try whole(value, "an index", argument: 1)
    let place = index < 0 ? index + count : index
    guard place >= 0, place < count else {
      throw Problem(
        .index,
        "the index \(index) is out of range: the \(what) has \(counted(count, "element"))",
        arguments: [1, 0])
    }
    return place
  }

  /// Half-open bounds clamped to the size, as slices are in the field.
  private func bounds(_ lower: Int?, _ upper: Int?, _ size: Int) -> (Int, Int) {
    let clamp = { (x: Int) in min(max(x < 0 ? x + size : x, 0), size) }
    let start = clamp(lower ?? 0)
    return (start, max(start, clamp(upper ?? size)))
  }

  /// How an index falls into a block, axes taken away and added, or a choice of rows.
  private struct Block {
    var starts: [Int] = []
    var lengths: [Int] = []
    /// The result's shape: axes of one index are gone, new ones are there.
    var shape: [Int] = []
  }

  private func block(_ shape: Shape, _ items: [IndexValue]) throws -> Block? {
    var block = Block()
    var axis = 0
    let used = items.filter { if case .newAxis = $0 { false } else { true } }.count
    guard used <= shape.rank else {
      throw Problem(
        .index,
        "there are \(used) indices for "
          + (shape.rank == 0
            ? "a number" : "the \(counted(shape.rank, "axis", "axes")) of \(shape)"),
        arguments: [1 + shape.rank, 0])
    }
    for (number, item) in items.enumerated() {
      switch item {
      case .newAxis: block.shape.append(1)
      case .range(let lower, let upper):
        let (start, end) = bounds(lower, upper, shape[axis])
        block.starts.append(start)
        block.lengths.append(end - start)
        block.shape.append(end - start)
        axis += 1
      case .value(let value):
        if case .tensor(let tensor) = value, tensor.node.shape.rank > 0 { return nil }
        if case .list = value { return nil }
        if case .range(let range) = value {
          let (start, end) = bounds(range.lower, range.upper, shape[axis])
          block.starts.append(start)
          block.lengths.append(end - start)
          block.shape.append(end - start)
        } else {
          let index = try whole(value, "an index", argument: 1 + number)
          let place = index < 0 ? index + shape[axis] : index
          guard place >= 0, place < shape[axis] else {
            throw Problem(
              .index,
              "the index \(index) is out of range: axis \(axis) of \(shape) has "
                + counted(shape[axis], "element"), arguments: [1 + number, 0])
          }
          block.starts.append(place)
          block.lengths.append(1)
        }
        axis += 1
      }
    }
    while axis < shape.rank {
      block.starts.append(0)
      block.lengths.append(shape[axis])
      block.shape.append(shape[axis])
      axis += 1
    }
    return block
  }

  private func starts(_ block: Block) throws -> Node {
    try graph.tensor(
      block.starts.map(Double.init), shape: [block.starts.count], dtype: .i64)
  }

  private func index(_ x: Node, _ items: [IndexValue]) throws -> Node {
    if let block = try block(x.shape, items) {
      let ones = [Int](repeating: 1, count: x.shape.rank)
      var result = x
      if block.lengths != x.shape.dims {
        if let direct = try direct(x, block) { return direct }
        result = try graph.record(
          .slice, [x, starts(block)], Attributes(sizes: block.lengths + ones))
      }
      return result.shape.dims == block.shape
        ? result : try graph.record(.reshape, [result], Attributes(sizes: block.shape))
    }
    if case .value(.tensor(let mask)) = items[0], mask.node.dtype == .bool, items.count == 1 {
      let (rows, width) = try maskRows(mask.node, x)
      let flat = try graph.record(
        .reshape, [x], Attributes(sizes: [mask.node.shape.count] + width))
      return try graph.record(.gather, [flat, rows])
    }
    return try gather(x, items)
  }

  /// Rows of this many bytes, and no less than a quarter of the whole, are looked at where they lie.
  private static let largeBlock = 1 << 20

  /// A block of computed data without history is copied at once: no plan for one element. Most rows of
  /// large data are not copied: they hold on to the rest of it.
  private func direct(_ x: Node, _ block: Block) throws -> Node? {
    guard !x.isTracked, let buffer = x.buffer, let shape = Shape(checking: block.lengths),
      let final = Shape(checking: block.shape)
    else { return nil }
    let strides = x.shape.strides
    let offset = zip(block.starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
    if shape.count > 4096 {
      guard shape.count * x.dtype.size >= Session.largeBlock, shape.count >= x.shape.count / 4,
        x.version == nil, block.lengths.dropFirst() == x.shape.dims.dropFirst(),
        let part = Buffer(offset..<offset + shape.count, of: buffer)
      else { return nil }
      return graph.leaf(part, final)
    }
    do {
      let result = try Buffer(x.dtype, count: shape.count)
      Movement.strided(buffer, result, shape, offset: offset, strides: strides)
      return graph.leaf(result, final)
    } catch { return nil }
  }

  /// The indices where a mask is true, and what is left of the shape behind it.
  private func maskRows(_ mask: Node, _ x: Node) throws -> (Node, [Int]) {
    guard mask.shape.rank <= x.shape.rank,
      mask.shape.dims == Array(x.shape.dims.prefix(mask.shape.rank))
    else {
      throw Problem(
        .shape, "the mask \(mask.shape) does not fit the shape \(x.shape)", arguments: [1, 0])
    }
    let picks = try graph.values(mask).enumerated().filter { $0.element != 0 }.map {
      Double($0.offset)
    }
    return (
      try graph.tensor(picks, shape: [picks.count], dtype: .i64),
      Array(x.shape.dims.dropFirst(mask.shape.rank))
    )
  }

  /// One tensor of indices among whole axes and single indices.
  private func gather(_ x: Node, _ items: [IndexValue]) throws -> Node {
    var axis = 0
    var found: (axis: Int, indices: Node)?
    var rest: [IndexValue] = []
    for item in items {
      if case .value(let value) = item, let indices = try indices(value) {
        guard found == nil else {
          throw Problem(.index, "only one index may be a tensor", argument: 1 + axis)
        }
        found = (axis, indices)
        rest.append(.range(nil, nil))
      } else {
        rest.append(item)
      }
      axis += 1
    }
    guard let found, found.axis < x.shape.rank else {
      throw Problem(.index, "this index does not fit the shape \(x.shape)", argument: 0)
    }
    if found.axis == 0 {
      let picked = try graph.record(.gather, [x, found.indices])
      return try rest.count > 1 ? index(picked, rest) : picked
    }
    var order = Array(0..<x.shape.rank)
    order.remove(at: found.axis)
    order.insert(found.axis, at: 0)
    let turned = try graph.record(.transpose, [x], Attributes(sizes: order))
    let picked = try graph.record(.gather, [turned, found.indices])
    var back = Array(1..<x.shape.rank)
    back.insert(0, at: found.axis)
    let result = try graph.record(.transpose, [picked], Attributes(sizes: back))
    return try index(result, rest)
  }

  private func indices(_ value: Value) throws -> Node? {
    switch value {
    case .tensor(let tensor) where tensor.node.shape.rank > 0:
      if tensor.node.dtype == .bool {
        let picks = try graph.values(tensor.node).enumerated().filter { $0.element != 0 }.map {
          Double($0.offset)
        }
        return try graph.tensor(picks, shape: [picks.count], dtype: .i64)
      }
      return tensor.node
    case .list(let list) where list.elements.isEmpty:
      return try graph.tensor([], shape: [0], dtype: .i64)
    default: return nil
    }
  }
}

// MARK: - Updates

extension Session {
  /// A value with the part at the end of `steps` replaced; params inside are stored to.
  func updated(
    _ base: Value, _ steps: ArraySlice<UpdateStep>, _ value: Value, _ op: BinaryOperator?
  )
    throws -> Value
  {
    if case .foreign(let object) = base, let parameter = object as? ParameterObject {
      let new = try updated(.tensor(parameter.parameter.node), steps, value, op)
      try store(parameter.parameter, new)
      return base
    }
    guard let step = steps.first else {
      guard let op else { return read(value) }
      return try operate(FunctionCompiler.opcode(op), base, value)
    }
    let rest = steps.dropFirst()
    switch step {
    case .field(let name): return try updatedField(base, name, rest, value, op)
    case .index(let items): return try updatedIndex(base, items, rest, value, op)
    }
  }

  private func updatedField(
    _ base: Value, _ name: String, _ rest: ArraySlice<UpdateStep>, _ value: Value,
    _ op: BinaryOperator?
  ) throws -> Value {
    switch base {
    case .record(let record):
      guard let place = record.fields.firstIndex(where: { $0.name == name }) else {
        guard rest.isEmpty, op == nil else { throw unknownField(base, name) }
        return .record(record.fields.map { ($0.name, $0.value) } + [(name, read(value))])
      }
      var fields = record.fields.map { ($0.name, $0.value) }
      fields[place].1 = try updated(fields[place].1, rest, value, op)
      return .record(fields)
    case .foreign(let object):
      guard let old = try object.field(name, self) else {
        if rest.isEmpty, op == nil,
          let changed = try object.settingField(name, to: read(value), self)
        {
          return changed
        }
        throw unknownField(base, name)
      }
      let new = try updated(old, rest, value, op)
      if case .foreign(let a) = old, case .foreign(let b) = new, a === b { return base }
      guard let changed = try object.settingField(name, to: new, self) else {
        throw Problem(.type, "\(name) of \(object.typePhrase) cannot be updated")
      }
      return changed
    default:
      guard case .foreign(let object) = try field(base, name), object is ParameterObject else {
        throw Problem(.type, "the fields of \(base.typePhrase) cannot be updated")
      }
      _ = try updated(.foreign(object), rest, value, op)
      return base
    }
  }

  private func updatedIndex(
    _ base: Value, _ items: [IndexValue], _ rest: ArraySlice<UpdateStep>, _ value: Value,
    _ op: BinaryOperator?
  ) throws -> Value {
    switch base {
    case .tensor(let tensor):
      var items = items
      // A[0][1] is A[0, 1].
      for case .index(let more) in rest { items += more }
      guard rest.allSatisfy({ if case .index = $0 { true } else { false } }),
        rest.isEmpty || items.allSatisfy(isOneIndex)
      else {
        throw Problem(
          .type, "a part of a part of a tensor cannot be updated", argument: 0,
          help: "write both indices in one pair of brackets: A[0, 1] = …")
      }
      var new = value
      if let op {
        new = try operate(FunctionCompiler.opcode(op), try index(base, items), value)
      }
      guard let node = node(new) else {
        throw Problem(.type, "a tensor holds numbers, not \(new.typePhrase)")
      }
      return .tensor(try replaced(tensor.node, items, node))
    case .list(let list):
      return .list(try updatedElements(list.elements, "list", items, rest, value, op))
    case .tuple(let tuple):
      return .tuple(try updatedElements(tuple.elements, "tuple", items, rest, value, op))
    case .record:
      if items.count == 1, case .value(.string(let name)) = items[0] {
        return try updatedField(base, name.text, rest, value, op)
      }
    case .function(let function) where function is CompositionObject:
      _ = try updated(try index(base, items), rest, value, op)
      return base
    case .foreign(let object):
      if rest.isEmpty {
        let new = try op.map { try operate(FunctionCompiler.opcode($0), index(base, items), value) }
        if let changed = try object.settingIndex(items, to: new ?? read(value), self) {
          return changed
        }
      } else if let old = try object.index(items, self) {
        _ = try updated(old, rest, value, op)
        return base
      }
    default: break
    }
    throw Problem(.type, "the elements of \(base.typePhrase) cannot be updated")
  }

  private func isOneIndex(_ item: IndexValue) -> Bool {
    guard case .value(let value) = item else { return false }
    switch value {
    case .number: return true
    case .tensor(let tensor): return tensor.node.shape.rank == 0
    default: return false
    }
  }

  /// The elements of a list or tuple with a part of one replaced.
  private func updatedElements(
    _ elements: [Value], _ what: String, _ items: [IndexValue], _ rest: ArraySlice<UpdateStep>,
    _ value: Value, _ op: BinaryOperator?
  ) throws -> [Value] {
    guard items.count == 1, case .value(let item) = items[0] else {
      throw Problem(.index, "a \(what) is updated one element at a time", argument: 0)
    }
    let index = try updating { try place(item, elements.count, what) }
    var elements = elements
    elements[index] = try updated(elements[index], rest, value, op)
    return elements
  }

  /// An update has its value in front of its indices.
  private func updating<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch var problem as Problem {
      problem.arguments = problem.arguments.map { $0 == 0 ? 0 : $0 + 1 }
      throw problem
    }
  }

  private func replaced(_ x: Node, _ items: [IndexValue], _ value: Node) throws -> Node {
    let dtype = Promotion.meet(x, value, floats: false)
    let isFraction = value.isNumber && !Graph.fits(value.exact, x.dtype)
    if !x.dtype.isFloat,
      isFraction || dtype.isFloat && !value.isNumber
        || x.dtype == .bool && value.dtype != .bool
    {
      let what = value.isNumber ? NumberFormat.shortest(value.exact) : value.dtype.name
      throw Problem(
        .dtype, "a tensor of \(x.dtype.name) cannot hold \(what)",
        help: x.dtype == .bool ? nil : "make it a tensor of floats first, with .f32 or .f64")
    }
    let value = try value.converted(to: x.dtype)
    let place: Block? = try updating { try block(x.shape, items) }
    if let block = place {
      let ones = [Int](repeating: 1, count: x.shape.rank)
      let target = try fitted(value, block.shape)
      let shaped = try graph.record(.reshape, [target], Attributes(sizes: block.lengths))
      return try graph.record(
        .sliceUpdate, [x, shaped, starts(block)], Attributes(sizes: block.lengths + ones))
    }
    guard items.count == 1, case .value(let index) = items[0] else {
      throw Problem(.index, "an update takes one mask or one tensor of indices")
    }
    if case .tensor(let mask) = index, mask.node.dtype == .bool {
      if value.shape.rank == 0 {
        var condition = mask.node
        if condition.shape.rank < x.shape.rank {
          let extra = [Int](repeating: 1, count: x.shape.rank - condition.shape.rank)
          condition = try graph.record(
            .reshape, [condition], Attributes(sizes: condition.shape.dims + extra))
        }
        _ = try maskRows(mask.node, x)
        return try graph.record(.whereOperator, [condition, value, x])
      }
      let (rows, width) = try maskRows(mask.node, x)
      let flat = try graph.record(
        .reshape, [x], Attributes(sizes: [mask.node.shape.count] + width))
      let target = try fitted(value, [rows.shape.count] + width)
      let result = try graph.record(.gatherUpdate, [flat, target, rows])
      return try graph.record(.reshape, [result], Attributes(sizes: x.shape.dims))
    }
    guard let rows = try indices(index) else {
      throw Problem(.index, "\(index.typePhrase) is no index")
    }
    let target = try fitted(value, rows.shape.dims + x.shape.dims.dropFirst())
    return try graph.record(.gatherUpdate, [x, target, rows])
  }

  private func fitted(_ value: Node, _ dims: [Int]) throws -> Node {
    guard let shape = Shape(checking: dims), value.shape.broadcast(with: shape) == shape else {
      throw Problem(
        .shape,
        "a value of shape \(value.shape) does not fill the place of shape "
          + "[\(dims.map(String.init).joined(separator: ", "))]", arguments: [0, 1])
    }
    return value.shape == shape
      ? value : try graph.record(.expand, [value], Attributes(sizes: dims))
  }
}
