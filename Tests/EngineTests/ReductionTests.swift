import Engine
import Testing

@Suite("Sums")
struct ReductionTests {
  private func random(_ count: Int, _ dtype: DType, seed: UInt64 = 1) throws -> Buffer {
    let philox = Philox(seed: seed)
    return try Buffer(dtype, values: (0..<count).map { philox.normal(UInt64($0)) })
  }

  private func rowSums(_ x: Buffer, _ rows: Int, _ length: Int) throws -> [UInt64] {
    let y = try Buffer(x.dtype, count: rows)
    try Reductions.sum(x, Shape([rows, length]), axes: [1], y, isMean: false)
    return y.doubles.map(\.bitPattern)
  }

  private func sumColumns(_ x: Buffer, _ y: Buffer, _ rows: Int) throws {
    try Reductions.sum(x, Shape([rows, y.count]), axes: [0], y, isMean: false)
  }

  @Test(
    "a row has the same sum wherever it stands and whichever row comes first",
    arguments: [1, 7, 8, 128, 129, 1000, 4097])
  func sameBits(_ length: Int) throws {
    for dtype in [DType.f32, .f64] {
      let rows = 5
      let x = try random(rows * length, dtype)
      let sums = try rowSums(x, rows, length)
      let values = x.doubles
      for row in [4, 0, 2] {
        let alone = try Buffer(
          dtype, values: Array(values[row * length..<(row + 1) * length]))
        #expect(try rowSums(alone, 1, length) == [sums[row]])
      }
      let reversed = (0..<rows).reversed().flatMap { values[$0 * length..<($0 + 1) * length] }
      #expect(
        try rowSums(Buffer(dtype, values: reversed), rows, length) == Array(sums.reversed()))
    }
  }

  @Test(
    "a column has the same sum whatever columns stand beside it", arguments: [1, 100, 129, 3000])
  func sameColumnBits(_ rows: Int) throws {
    let columns = 300
    let x = try random(rows * columns, .f32)
    let y = try Buffer(.f32, count: columns)
    try sumColumns(x, y, rows)
    let values = x.doubles
    for column in [0, 7, 299] {
      // Twice: a column by itself is a row.
      let pair = try Buffer(
        .f32, values: (0..<2 * rows).map { values[$0 / 2 * columns + column] })
      let sum = try Buffer(.f32, count: 2)
      try sumColumns(pair, sum, rows)
      #expect(sum[0].bitPattern == y[column].bitPattern)
    }
  }

  @Test("the error of long sums grows slowly", arguments: [1000, 100_000, 2_000_000])
  func accuracy(_ count: Int) throws {
    let tenth = try Buffer(.f32, count: count)
    for i in 0..<count { tenth.pointer(as: Float.self)[i] = 0.1 }
    let exact = Double(Float(0.1)) * Double(count)
    let sum = try Buffer(.f32, count: 1)
    try Reductions.sum(tenth, Shape([count]), axes: nil, sum, isMean: false)
    #expect((sum[0] - exact).magnitude / exact < 1e-6)
    try sumColumns(tenth, sum, count)
    #expect((sum[0] - exact).magnitude / exact < 2e-6, "down a column")
  }

  @Test("sums of nothing are zero, sums with NaN are NaN")
  func edges() throws {
    #expect(try rowSums(Buffer(.f64, count: 0), 3, 0) == [0, 0, 0])
    let y = try Buffer(.f32, values: [5, 5])
    try sumColumns(Buffer(.f32, count: 0), y, 0)
    #expect(y.doubles == [0, 0])
    let x = try Buffer(.f64, values: [Double](repeating: 1, count: 299) + [.nan])
    let sum = try Buffer(.f64, count: 1)
    try Reductions.sum(x, Shape([300]), axes: nil, sum, isMean: false)
    #expect(sum[0].isNaN)
  }

  @Test("axes are brought last, and copied only where they are not")
  func layout() throws {
    let shape = Shape([2, 3, 4])
    let x = try Buffer(.f64, values: (0..<24).map(Double.init))
    let last = Reductions.Layout(shape, axes: [2])
    #expect(last.rows == 6 && last.length == 4)
    #expect(try Reductions.arranged(x, shape, last) === x)
    let middle = Reductions.Layout(shape, axes: [1])
    #expect(middle.rows == 8 && middle.length == 3)
    let turned = try Reductions.arranged(x, shape, middle)
    #expect(Array(turned.doubles.prefix(6)) == [0, 4, 8, 1, 5, 9])
  }
}

@Suite("Linear equations")
struct LinearSolverTests {
  private func solve(_ a: [Double], _ b: [Double], _ n: Int, _ columns: Int, _ dtype: DType)
    throws -> (status: Int, x: [Double])
  {
    let x = try Buffer(dtype, count: b.count)
    let status = try LinearSolver.solve(
      Buffer(dtype, values: a), 0, Buffer(dtype, values: b), 0, x, 0, n: n, columns: columns)
    return (status, x.doubles)
  }

  @Test(
    "a regular matrix, one that needs pivots, several right sides", arguments: [DType.f32, .f64])
  func regular(_ dtype: DType) throws {
    #expect(try solve([2, 0, 0, 4], [2, 8], 2, 1, dtype).x == [1, 2])
    #expect(try solve([0, 1, 1, 0], [3, 5], 2, 1, dtype).x == [5, 3])
    #expect(try solve([2, 0, 0, 4], [2, 4, 8, 16], 2, 2, dtype).x == [1, 2, 2, 4])
  }

  @Test(
    "singular matrices are named by their first dependent column", arguments: [DType.f32, .f64])
  func singular(_ dtype: DType) throws {
    #expect(try solve([0], [1], 1, 1, dtype).status == 1)
    #expect(try solve([1, 2, 2, 4], [1, 1], 2, 1, dtype).status == 2)
    #expect(try solve([0, 0, 0, 0], [1, 1], 2, 1, dtype).status == 1)
    #expect(try solve([1, 0, 0, 0, 0, 0, 0, 0, 1], [1, 1, 1], 3, 1, dtype).status == 2)
  }

  @Test("no equations, no right sides")
  func empty() throws {
    #expect(try solve([], [], 0, 1, .f64).status == 0)
    #expect(try solve([1, 0, 0, 1], [], 2, 0, .f64).status == 0)
  }

  @Test("NaN stays NaN and ends")
  func notANumber() throws {
    let result = try solve([.nan, 1, 1, 1], [1, 1], 2, 1, .f64)
    #expect(result.status != 0 || result.x.contains(where: \.isNaN))
  }
}
