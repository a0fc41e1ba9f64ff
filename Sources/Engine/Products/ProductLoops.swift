// The inner loops of matrix products: tiles of eight rows and 32 columns, whose sums stay in registers.
// A is read where it lies, B a panel of columns at a time (Goto and van de Geijn 2008, without a copy of
// A).

import CProcessor

/// Lines of memory that will be read soon; each is asked for once.
package struct LinesAhead {
  private var address: UnsafeRawPointer?
  private let step: Int
  private let length: Int
  private var place = 0
  private var rows: Int

  package static var none: LinesAhead { LinesAhead(rows: 0, of: 0, step: 0, from: nil) }

  /// Rows of so many elements that begin `step` elements apart.
  package init(rows: Int, of elements: Int, step: Int, from address: UnsafePointer<Float>?) {
    (self.address, self.rows) = (address.map { UnsafeRawPointer($0) }, rows)
    (self.step, length) = (step * 4, elements * 4)
  }

  fileprivate var count: Int { rows * ((length + 63) / 64) }

  /// Asks for so many lines more.
  @inline(__always) fileprivate mutating func ask(_ lines: Int) {
    guard var row = address else { return }
    for _ in 0..<lines where rows > 0 {
      processor_will_read(row + place)
      place += 64
      if place >= length {
        (place, row, rows) = (0, row + step, rows - 1)
      }
    }
    address = row
  }
}

/// A panel and the rows that are multiplied with it. Distances are in elements.
package struct ProductPanel {
  /// Rows of the result, and products in each of its sums.
  package var m: Int
  package var k: Int
  /// Columns, at most 32.
  package var n: Int
  /// In A from one row to the next, and from one element of a row to the next.
  package var leftRow: Int
  package var leftInner: Int
  /// In the panel from one row to the next.
  package var right: Int
  /// In C from one row to the next.
  package var result: Int
  /// Whether C is added to.
  package var adds: Bool
  /// What the next panel will be made of.
  package var ahead = LinesAhead.none

  package init(k: Int, left: (row: Int, inner: Int), result: Int, adds: Bool) {
    (m, n, right) = (0, 0, 0)
    (self.k, self.result, self.adds) = (k, result, adds)
    (leftRow, leftInner) = left
  }

  /// Columns in memory: one or two vectors.
  @inline(__always) fileprivate var width: Int { n > 16 ? 32 : 16 }
}

/// AVX-512's target compiles this file for its vectors; see `PanelProduct`.
package enum ProductLoops {
  /// Columns of a panel.
  package static let columns = 32

  // MARK: - Panels

  /// panel[k, width] = columns of B, whose rows begin `step` elements apart; zeros behind them. Where
  /// it is transposed B lies in memory as [n, k].
  @inline(never)
  package static func pack(
    _ panel: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, k: Int, n: Int, step: Int,
    isTransposed: Bool
  ) {
    let width = n > 16 ? 32 : 16
    if isTransposed {
      for half in stride(from: 0, to: width, by: 16) {
        turn(panel + half, b + half * step, k, columns: min(16, n - half), step, width)
      }
    } else if n == width {
      for row in 0..<k {
        for half in stride(from: 0, to: width, by: 16) {
          Float.store(Float.load(b + row * step + half), panel + row * width + half)
        }
      }
    } else {
      for row in 0..<k {
        let target = panel + row * width
        target.update(repeating: 0, count: width)
        target.update(from: b + row * step, count: n)
      }
    }
  }

  /// At most sixteen columns of a panel from as many rows.
  @inline(__always)
  private static func turn(
    _ panel: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, _ k: Int, columns: Int,
    _ step: Int, _ width: Int
  ) {
    let whole = columns == 16 ? k / 16 * 16 : 0
    for first in stride(from: 0, to: whole, by: 16) {
      var block = Sixteen()
      for row in 0..<16 { block[row] = Float.load(b + row * step + first) }
      block = block.transposed
      for i in 0..<16 { Float.store(block[i], panel + (first + i) * width) }
    }
    for inner in whole..<k {
      for row in 0..<16 {
        panel[inner * width + row] = row < columns ? b[row * step + inner] : 0
      }
    }
  }

  // MARK: - Products

  /// C (+)= A · panel.
  ///
  /// - Parameter shape: address of a `ProductPanel`.
  @inline(never)
  package static func multiply(
    _ shape: UnsafeRawPointer, _ a: UnsafePointer<Float>, _ panel: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>
  ) {
    let shape = shape.load(as: ProductPanel.self)
    if shape.n == shape.width { return multiply(shape, a, panel, c) }
    // What is narrower gets a tile of its own.
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 8 * columns) { tile in
      guard let tile = tile.baseAddress else { return }
      var part = shape
      (part.adds, part.result) = (false, shape.width)
      for first in stride(from: 0, to: shape.m, by: 8) {
        part.m = min(8, shape.m - first)
        multiply(part, a + first * shape.leftRow, panel, tile)
        for row in 0..<part.m {
          let result = c + (first + row) * shape.result
          for column in 0..<shape.n {
            let sum = tile[row * shape.width + column]
            result[column] = shape.adds ? result[column] + sum : sum
          }
        }
      }
    }
  }

  @inline(__always)
  private static func multiply(
    _ shape: ProductPanel, _ a: UnsafePointer<Float>, _ panel: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>
  ) {
    if shape.width == columns {
      multiply(shape, a, panel, c, Wide.self)
    } else {
      multiply(shape, a, panel, c, Narrow.self)
    }
  }

  @inline(__always)
  private static func multiply<L: ProductLine>(
    _ shape: ProductPanel, _ a: UnsafePointer<Float>, _ panel: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, _: L.Type
  ) {
    var row = 0
    var ahead = shape.ahead
    let lines = ahead.count / ((shape.m + 7) / 8) + 1
    while row < shape.m {
      ahead.ask(lines)
      let (left, result) = (a + row * shape.leftRow, c + row * shape.result)
      switch shape.m - row {
      case 8...:
        multiply(shape, left, panel, result, Tile<Tile<Tile<Row<L>>>>.self)
        row += 8
      case 4...:
        multiply(shape, left, panel, result, Tile<Tile<Row<L>>>.self)
        row += 4
      case 2...:
        multiply(shape, left, panel, result, Tile<Row<L>>.self)
        row += 2
      default:
        multiply(shape, left, panel, result, Row<L>.self)
        row += 1
      }
    }
  }

  /// The rows of a tile.
  @inline(__always)
  private static func multiply<T: ProductTile>(
    _ shape: ProductPanel, _ a: UnsafePointer<Float>, _ panel: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, _: T.Type
  ) {
    var tile = shape.adds ? T(c, shape.result) : T()
    var (a, b) = (a, panel)
    for _ in 0..<shape.k {
      tile.add(a, shape.leftRow, T.Line(b))
      a += shape.leftInner
      b += shape.right
    }
    tile.store(c, shape.result)
  }
}

// MARK: - Registers

/// The columns of a panel in one row.
private protocol ProductLine {
  static var width: Int { get }
  init()
  init(_ address: UnsafePointer<Float>)
  mutating func add(_ number: SIMD16<Float>, times line: Self)
  func store(_ address: UnsafeMutablePointer<Float>)
}

private struct Narrow: ProductLine {
  var x = SIMD16<Float>.zero
  static var width: Int { 16 }

  @inline(__always) init() {}
  @inline(__always) init(_ address: UnsafePointer<Float>) { x = Float.load(address) }
  @inline(__always) mutating func add(_ number: SIMD16<Float>, times line: Narrow) {
    x.addProduct(number, line.x)
  }
  @inline(__always) func store(_ address: UnsafeMutablePointer<Float>) {
    Float.store(x, address)
  }
}

private struct Wide: ProductLine {
  var (x, y) = (SIMD16<Float>.zero, SIMD16<Float>.zero)
  static var width: Int { 32 }

  @inline(__always) init() {}
  @inline(__always) init(_ address: UnsafePointer<Float>) {
    (x, y) = (Float.load(address), Float.load(address + 16))
  }
  @inline(__always) mutating func add(_ number: SIMD16<Float>, times line: Wide) {
    x.addProduct(number, line.x)
    y.addProduct(number, line.y)
  }
  @inline(__always) func store(_ address: UnsafeMutablePointer<Float>) {
    Float.store(x, address)
    Float.store(y, address + 16)
  }
}

/// Rows of sums.
private protocol ProductTile {
  associatedtype Line: ProductLine
  static var rows: Int { get }
  init()
  /// Rows that begin `step` elements apart.
  init(_ c: UnsafePointer<Float>, _ step: Int)
  /// Adds to each row its number, `step` elements from the one before, times the line.
  mutating func add(_ numbers: UnsafePointer<Float>, _ step: Int, _ line: Line)
  func store(_ c: UnsafeMutablePointer<Float>, _ step: Int)
}

private struct Row<Line: ProductLine>: ProductTile {
  var line = Line()
  static var rows: Int { 1 }

  @inline(__always) init() {}
  @inline(__always) init(_ c: UnsafePointer<Float>, _ step: Int) { line = Line(c) }
  @inline(__always)
  mutating func add(_ numbers: UnsafePointer<Float>, _ step: Int, _ line: Line) {
    self.line.add(SIMD16(repeating: numbers[0]), times: line)
  }
  @inline(__always) func store(_ c: UnsafeMutablePointer<Float>, _ step: Int) { line.store(c) }
}

/// Two tiles, one below the other.
private struct Tile<Half: ProductTile>: ProductTile {
  typealias Line = Half.Line
  var (upper, lower) = (Half(), Half())
  static var rows: Int { 2 * Half.rows }

  @inline(__always) init() {}
  @inline(__always) init(_ c: UnsafePointer<Float>, _ step: Int) {
    (upper, lower) = (Half(c, step), Half(c + Half.rows * step, step))
  }
  @inline(__always)
  mutating func add(_ numbers: UnsafePointer<Float>, _ step: Int, _ line: Line) {
    upper.add(numbers, step, line)
    lower.add(numbers + Half.rows * step, step, line)
  }
  @inline(__always) func store(_ c: UnsafeMutablePointer<Float>, _ step: Int) {
    upper.store(c, step)
    lower.store(c + Half.rows * step, step)
  }
}
