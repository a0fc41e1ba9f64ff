// One vectorised loop an instruction, over a tile of at most 512 elements.

/// The loops of one float type. Tiles are padded to whole vectors, so that no loop has a tail; what
/// stands in the padding is never looked at. Other targets compile this file for wider vectors; see
/// `TileVectors`.
package enum TileLoops {
  @inline(__always)
  private static func map<T: TileScalar>(
    _ y: UnsafeMutableRawPointer, _ a: UnsafeRawPointer, _ bytes: Int, _: T.Type, _ f: (T) -> T
  ) {
    for place in stride(from: 0, to: bytes, by: 64) {
      let x = T.load(a + place)
      var result = x
      for lane in 0..<T.width { result[lane] = f(x[lane]) }
      T.store(result, y + place)
    }
  }

  /// For choices, which are made by whole vectors.
  @inline(__always)
  private static func mapLanes<T: TileScalar>(
    _ y: UnsafeMutableRawPointer, _ a: UnsafeRawPointer, _ bytes: Int, _: T.Type,
    _ f: (T.Lanes) -> T.Lanes
  ) {
    for place in stride(from: 0, to: bytes, by: 64) { T.store(f(T.load(a + place)), y + place) }
  }

  /// For functions of many steps: over elements, in memory apart from the operand.
  @inline(__always)
  private static func call<T: TileScalar>(
    _ y: UnsafeMutableRawPointer, _ a: UnsafeRawPointer, _ count: Int, _: T.Type, _ f: (T) -> T
  ) {
    let source = a.assumingMemoryBound(to: T.self)
    let target = y.assumingMemoryBound(to: T.self)
    for i in 0..<count { target[i] = f(source[i]) }
  }

  @inline(__always)
  private static func zip<T: TileScalar>(
    _ form: TileInstruction.Form, _ y: UnsafeMutableRawPointer, _ a: UnsafeRawPointer,
    _ b: UnsafeRawPointer, _ bytes: Int, _: T.Type, _ f: (T, T) -> T
  ) {
    switch form {
    case .tiles:
      for place in stride(from: 0, to: bytes, by: 64) {
        let (x, z) = (T.load(a + place), T.load(b + place))
        var result = x
        for lane in 0..<T.width { result[lane] = f(x[lane], z[lane]) }
        T.store(result, y + place)
      }
    case .secondIsNumber:
      let number = b.assumingMemoryBound(to: T.self)[0]
      map(y, a, bytes, T.self) { f($0, number) }
    case .firstIsNumber:
      let number = a.assumingMemoryBound(to: T.self)[0]
      map(y, b, bytes, T.self) { f(number, $0) }
    }
  }

  @inline(__always)
  private static func zipLanes<T: TileScalar>(
    _ form: TileInstruction.Form, _ y: UnsafeMutableRawPointer, _ a: UnsafeRawPointer,
    _ b: UnsafeRawPointer, _ bytes: Int, _: T.Type, _ f: (T.Lanes, T.Lanes) -> T.Lanes
  ) {
    switch form {
    case .tiles:
      for place in stride(from: 0, to: bytes, by: 64) {
        T.store(f(T.load(a + place), T.load(b + place)), y + place)
      }
    case .secondIsNumber:
      let number = T.Lanes(repeating: b.assumingMemoryBound(to: T.self)[0])
      mapLanes(y, a, bytes, T.self) { f($0, number) }
    case .firstIsNumber:
      let number = T.Lanes(repeating: a.assumingMemoryBound(to: T.self)[0])
      mapLanes(y, b, bytes, T.self) { f(number, $0) }
    }
  }

  @inline(__always)
  private static func power<T: TileScalar>(
    _ form: TileInstruction.Form, _ y: UnsafeMutableRawPointer, _ a: UnsafeRawPointer,
    _ b: UnsafeRawPointer, _ count: Int, _ bytes: Int, _: T.Type
  ) {
    let (x, z) = (a.assumingMemoryBound(to: T.self), b.assumingMemoryBound(to: T.self))
    let target = y.assumingMemoryBound(to: T.self)
    switch form {
    case .tiles: for i in 0..<count { target[i] = T.power(x[i], z[i]) }
    case .secondIsNumber:
      let exponent = z[0]
      if exponent == 2 { return map(y, a, bytes, T.self) { $0 * $0 } }
      for i in 0..<count { target[i] = T.power(x[i], exponent) }
    case .firstIsNumber:
      let base = x[0]
      for i in 0..<count { target[i] = T.power(base, z[i]) }
    }
  }

  @inline(__always)
  private static func choose<T: TileScalar>(
    _ y: UnsafeMutableRawPointer, _ mask: UnsafeRawPointer, _ a: UnsafeRawPointer,
    _ b: UnsafeRawPointer, _ bytes: Int, _: T.Type
  ) {
    let zero = T.Lanes(repeating: 0)
    for place in stride(from: 0, to: bytes, by: 64) {
      let (x, z) = (T.load(a + place), T.load(b + place))
      T.store(T.choose(z, x, where: T.load(mask + place), equals: zero), y + place)
    }
  }

  /// Runs instructions over `count` elements.
  @inline(__always)
  private static func run<T: TileScalar>(
    _ instructions: UnsafeBufferPointer<TileInstruction>,
    _ table: UnsafePointer<UnsafeMutableRawPointer>, _ count: Int, _: T.Type
  ) {
    let bytes = (count * MemoryLayout<T>.size + 63) & ~63
    let whole = T.hasVectorFunctions ? bytes / MemoryLayout<T>.size : count
    for instruction in instructions {
      let y = table[Int(instruction.result)]
      let a = UnsafeRawPointer(table[Int(instruction.operands.0)])
      let b = UnsafeRawPointer(table[Int(instruction.operands.1)])
      let form = instruction.form
      switch instruction.operation {
      case .copy: map(y, a, bytes, T.self) { $0 }
      case .negate: map(y, a, bytes, T.self) { -$0 }
      case .sqrt: map(y, a, bytes, T.self) { $0.squareRoot() }
      case .abs: map(y, a, bytes, T.self) { $0.magnitude }
      case .relu: mapLanes(y, a, bytes, T.self) { T.relu($0) }
      case .sign: call(y, a, whole, T.self) { T.sign($0) }
      case .floor: call(y, a, whole, T.self) { $0.rounded(.down) }
      case .round: call(y, a, whole, T.self) { $0.rounded(.toNearestOrEven) }
      case .ceil: call(y, a, whole, T.self) { $0.rounded(.up) }
      case .trunc: call(y, a, whole, T.self) { $0.rounded(.towardZero) }
      case .exp: call(y, a, whole, T.self) { T.exp($0) }
      case .tanh: call(y, a, whole, T.self) { T.tanh($0) }
      case .sigmoid: call(y, a, whole, T.self) { T.sigmoid($0) }
      case .silu: call(y, a, whole, T.self) { T.silu($0) }
      case .log: call(y, a, count, T.self) { T.log($0) }
      case .sin: call(y, a, count, T.self) { T.sin($0) }
      case .cos: call(y, a, count, T.self) { T.cos($0) }
      case .gelu: call(y, a, whole, T.self) { T.gelu($0) }
      case .softplus: call(y, a, whole, T.self) { T.softplus($0) }
      case .erf: call(y, a, whole, T.self) { T.erf($0) }
      case .add: zip(form, y, a, b, bytes, T.self) { $0 + $1 }
      case .subtract: zip(form, y, a, b, bytes, T.self) { $0 - $1 }
      case .multiply: zip(form, y, a, b, bytes, T.self) { $0 * $1 }
      case .divide: zip(form, y, a, b, bytes, T.self) { $0 / $1 }
      case .maximum: zipLanes(form, y, a, b, bytes, T.self) { T.larger($0, $1) }
      case .minimum: zipLanes(form, y, a, b, bytes, T.self) { T.smaller($0, $1) }
      case .power: power(form, y, a, b, count, bytes, T.self)
      case .equal: zipLanes(form, y, a, b, bytes, T.self) { T.truth($0, $1, areEqual: true) }
      case .notEqual:
        zipLanes(form, y, a, b, bytes, T.self) { T.truth($0, $1, areEqual: false) }
      case .less: zipLanes(form, y, a, b, bytes, T.self) { T.truth($0, isLess: $1) }
      case .lessOrEqual:
        zipLanes(form, y, a, b, bytes, T.self) { T.truth($0, isLessOrEqual: $1) }
      case .greater:
        zipLanes(form, y, a, b, bytes, T.self) { T.truth($1, isLess: $0) }
      case .greaterOrEqual:
        zipLanes(form, y, a, b, bytes, T.self) { T.truth($1, isLessOrEqual: $0) }
      case .select:
        choose(y, a, b, table[Int(instruction.operands.2)], bytes, T.self)
      case .clip:
        let low = T.Lanes(repeating: b.assumingMemoryBound(to: T.self)[0])
        let last = table[Int(instruction.operands.2)].assumingMemoryBound(to: T.self)
        let high = T.Lanes(repeating: last[0])
        mapLanes(y, a, bytes, T.self) { T.clipped($0, low, high) }
      case .atan2, .hypot: callLibrary(instruction.operation, form, y, a, b, count, T.self)
      case .log1p, .expm1, .exp2, .log2, .log10, .cbrt, .tan, .asin, .acos, .atan, .sinh, .cosh,
        .asinh, .acosh, .atanh:
        callLibrary(instruction.operation, y, a, count, T.self)
      }
    }
  }

  /// - Parameters:
  ///   - address: of the instructions, each a `TileInstruction`.
  ///   - length: how many they are.
  ///   - table: addresses of the tiles.
  ///   - count: elements of a tile.
  @inline(never)
  package static func run(
    _ address: UnsafeRawPointer, _ length: Int, _ table: UnsafePointer<UnsafeMutableRawPointer>,
    _ count: Int, isDouble: Bool
  ) {
    let instructions = UnsafeBufferPointer(
      start: address.assumingMemoryBound(to: TileInstruction.self), count: length)
    if isDouble {
      run(instructions, table, count, Double.self)
    } else {
      run(instructions, table, count, Float.self)
    }
  }
}
