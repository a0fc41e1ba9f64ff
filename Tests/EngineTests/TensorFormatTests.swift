import Engine
import Testing

@Suite("Tensors as text")
struct TensorFormatTests {
  private func text(_ values: [Double], _ dims: [Int]? = nil, _ dtype: DType = .f64) throws
    -> String
  {
    TensorFormat.text(try Buffer(dtype, values: values), Shape(dims ?? [values.count]))
  }

  @Test("numbers, vectors, nothing")
  func simple() throws {
    #expect(try text([0.1], [], .f32) == "0.1")
    #expect(try text([0.1], []) == "0.1")
    #expect(try text([1], [], .bool) == "true")
    #expect(try text([1, 2.5, -3]) == "[1, 2.5, -3]")
    #expect(try text([1.0 / 3, 2.0 / 3]) == "[0.3333, 0.6667]")
    #expect(try text([]) == "[]")
    #expect(try text([], [0, 3]) == "[] of shape [0, 3]")
    #expect(try text([1, 0], nil, .bool) == "[true, false]")
    #expect(try text([-0.00006, 1]) == "[-0.0001, 1]")
  }

  @Test("columns stand below each other")
  func columns() throws {
    #expect(try text([1, -10, 100, 2.5], [2, 2]) == "[[  1, -10  ],\n [100,   2.5]]")
    #expect(try text([0.5, 10.25, -1, 0.125], [4, 1]).contains("[10.25 ],\n [-1"))
    #expect(try text([1, 2, 3, 4], [2, 1, 2]) == "[[[1, 2]],\n [[3, 4]]]")
    #expect(try text([1, 0], [2, 1], .bool) == "[[ true],\n [false]]")
  }

  @Test("large and small numbers are written scientifically")
  func scientific() throws {
    #expect(try text([1e8 + 0.5]) == "[1.0000e+08]")
    #expect(try text([0.0005]) == "[5.0000e-04]")
    #expect(try text([99_999_999, 1]) == "[99999999, 1]")
    #expect(try text([1e6, 1e-4]) == "[1000000, 1.0000e-04]")
    #expect(try text([0.001, 1]) == "[0.001, 1]")
    #expect(try text([1e20, 1]) == "[1.0000e+20, 1]")
    #expect(try text([-0.00001, 1]) == "[-1.0000e-05, 1]")
    #expect(try text([1e-9, 0.5, 0]) == "[1.0000e-09, 5.0000e-01, 0]")
  }

  @Test("what is not finite")
  func notFinite() throws {
    #expect(try text([.nan, .infinity, -.infinity, 1]) == "[nan, inf, -inf, 1]")
    #expect(try text([.nan], []) == "nan")
    #expect(try text([.nan, 1], nil, .f32) == "[nan, 1]")
  }

  @Test("whole numbers are exact")
  func whole() throws {
    let buffer = try Buffer(.i64, count: 2)
    buffer.pointer(as: Int64.self)[0] = .max
    buffer.pointer(as: Int64.self)[1] = -(1 << 53) - 1
    #expect(
      TensorFormat.text(buffer, Shape([2])) == "[9223372036854775807, -9007199254740993]")
    #expect(
      TensorFormat.text(buffer, Shape([2, 1]))
        == "[[9223372036854775807],\n [  -9007199254740993]]")
  }

  @Test("what is small is whole where it fits, and of what is large the edges")
  func edges() throws {
    let count = { (n: Int) in (0..<n).map(Double.init) }
    #expect(try text(count(13)) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]")
    // 23 numbers would take more than 80 columns; 12 may.
    #expect(try !text(count(22)).contains("…"))
    #expect(try text(count(23)) == "[0, 1, 2, …, 20, 21, 22]\nmin 0, mean 11, max 22")
    #expect(try !text(count(12).map { $0 + 1_000_000.25 }).contains("…"))
    #expect(try text(count(100), [25, 4]).split(separator: "\n").count == 25)
    let rows = try text(count(102), [51, 2])
    #expect(rows.hasPrefix("[[  0,   1],\n [  2,   3],\n [  4,   5],\n …,\n [ 96,  97],"))
    #expect(rows.hasSuffix("\nmin 0, mean 50.5, max 101"))
    #expect(try text(count(102), [6, 17]).contains("[ 0,  1,  2, …, 14,  15,  16]"))
  }

  @Test("the summary of a large tensor")
  func summary() throws {
    let values = (0..<200).map { $0 % 50 == 7 ? Double.nan : Double($0) / 4 }
    #expect(try text(values).hasSuffix("\nmin 0, mean 24.9643, max 49.75, 4 nan"))
    #expect(try text([Double](repeating: .nan, count: 200)).hasSuffix("\n200 nan"))
    #expect(try text((0..<200).map { Double($0 % 2) }, nil, .bool).hasSuffix("100 of 200 are true"))
    #expect(
      try text((0..<200).map { Double($0 - 100) }, nil, .i64).hasSuffix(
        "min -100, mean -0.5, max 99"))
  }
}
