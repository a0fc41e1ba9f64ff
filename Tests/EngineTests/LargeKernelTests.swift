// Kernels that take large operands apart: rows sorted by their bytes, equations and products in
// blocks.

import Engine
import Testing

@Suite("Large kernels")
struct LargeKernelTests {
  private func random(_ count: Int, seed: UInt64 = 1) -> [Double] {
    var stream = RandomStream(seed: seed)
    return (0..<count).map { _ in stream.nextUniform() * 2 - 1 }
  }

  @Test(
    "long rows are sorted, and their order is stable", arguments: DType.allCases, [false, true])
  func sorting(_ dtype: DType, _ descending: Bool) throws {
    var values = random(3000).map { dtype == .bool ? ($0 > 0 ? 1 : 0) : ($0 * 500).rounded() }
    if dtype.isFloat { for i in stride(from: 5, to: 3000, by: 700) { values[i] = .nan } }
    let x = try Buffer(dtype, values: values)
    let (y, places) = (try Buffer(dtype, count: 3000), try Buffer(.i64, count: 3000))
    try Sorting.sort(x, y, length: 1500, descending: descending)
    try Sorting.order(x, places, length: 1500, descending: descending)
    // NaN counts as the largest.
    let rank = { (x: Double) in x.isNaN ? Double.infinity : x }
    for row in 0..<2 {
      let part = Array(values[row * 1500..<(row + 1) * 1500])
      let order = part.indices.sorted {
        let (a, b) = (rank(part[$0]), rank(part[$1]))
        return a == b ? $0 < $1 : (descending ? a > b : a < b)
      }
      let found = (0..<1500).map { Int(places[row * 1500 + $0]) }
      #expect(found == order)
      #expect((0..<1500).map { rank(y[row * 1500 + $0]) } == order.map { rank(part[$0]) })
    }
  }

  @Test("large views are copied element by element, whoever does which part")
  func views() throws {
    let (shape, order) = (Shape([60, 70, 33]), [2, 0, 1])
    for dtype in [DType.f32, .i64, .bool] {
      let values = random(shape.count).map {
        dtype == .bool ? ($0 > 0 ? 1 : 0) : ($0 * 99).rounded()
      }
      let x = try Buffer(dtype, values: values)
      let (y, back) = (try Buffer(dtype, count: x.count), try Buffer(dtype, count: x.count))
      Movement.permute(x, shape, y, order)
      for (i, j, k) in [(0, 0, 0), (59, 69, 32), (17, 3, 20), (30, 69, 1)] {
        #expect(y[(k * 60 + i) * 70 + j] == values[(i * 70 + j) * 33 + k])
      }
      Movement.permute(y, Shape([33, 60, 70]), back, [1, 2, 0])
      #expect(back.doubles == values)
      // Every other row of the first axis, backwards, there and back.
      let part = Shape([30, 70, 33])
      let half = try Buffer(dtype, count: part.count)
      Movement.strided(x, half, part, offset: 59 * 2310, strides: [-2 * 2310, 33, 1])
      #expect(half[0] == values[59 * 2310] && half[2310] == values[57 * 2310])
      Movement.scatterStrided(half, back, part, offset: 0, strides: [2 * 2310, 33, 1])
      #expect((0..<30).allSatisfy { back[$0 * 4620 + 77] == half[$0 * 2310 + 77] })
      // One long line, and one number for all.
      let line = try Buffer(dtype, count: 100_000)
      Movement.strided(x, line, Shape([100_000]), offset: 5, strides: [1])
      #expect(line.doubles == Array(values[5..<100_005]))
      Movement.strided(x, line, Shape([100_000]), offset: 7, strides: [0])
      #expect(line.doubles.allSatisfy { $0 == values[7] })
    }
  }

  @Test("equations of several panels, at offsets", arguments: [DType.f32, .f64])
  func equations(_ dtype: DType) throws {
    let (n, columns) = (300, 2)
    var a = random(n * n + 7)
    for i in 0..<n { a[7 + i * n + i] += 20 }
    let solution = random(n * columns, seed: 2)
    var b = [Double](repeating: 0, count: n * columns)
    for i in 0..<n {
      for j in 0..<n {
        for c in 0..<columns { b[i * columns + c] += a[7 + i * n + j] * solution[j * columns + c] }
      }
    }
    let x = try Buffer(dtype, count: n * columns)
    let status = try LinearSolver.solve(
      Buffer(dtype, values: a), 7, Buffer(dtype, values: b), 0, x, 0, n: n, columns: columns)
    #expect(status == 0)
    let tolerance = dtype == .f64 ? 1e-13 : 1e-5
    #expect(zip(x.doubles, solution).allSatisfy { ($0 - $1).magnitude < tolerance })
  }

  @Test("a product of several blocks, along every size", arguments: [DType.f32, .f64])
  func products(_ dtype: DType) throws {
    let most = 5_000_000
    for (m, n, k) in [(most, 1, 4), (1, most, 4), (1, 2, 3 * most), (900, 700, 1100)] {
      let (a, b) = (try Buffer(dtype, count: m * k), try Buffer(dtype, count: k * n))
      a.fill { Double($0 % 7) }
      b.fill { Double($0 % 5) }
      let c = try Buffer(dtype, count: m * n)
      MatrixProduct.multiply(a, 0, b, 0, c, 0, m: m, n: n, k: k)
      for place in [0, m * n / 3, m * n - 1] {
        var wanted = 0.0
        for i in 0..<k { wanted += Double((place / n * k + i) % 7 * ((i * n + place % n) % 5)) }
        #expect((c[place] - wanted).magnitude <= (dtype == .f64 ? 0 : 1e-4) * wanted)
      }
    }
  }
}
