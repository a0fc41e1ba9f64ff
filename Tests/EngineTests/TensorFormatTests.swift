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
    #expect(try text([-0.00001, 1]) == "[0, 1]")
  }

  @Test("columns stand below each other")
  func columns() throws {
    #expect(try text([1, -10, 100, 2.5], [2, 2]) == "[[  1, -10],\n [100, 2.5]]")
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

  @Test("the middle of a large axis is left out")
  func edges() throws {
    #expect(try text((0..<12).map(Double.init)) == "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]")
    #expect(try text((0..<13).map(Double.init)) == "[0, 1, 2, …, 10, 11, 12]")
    let rows = try text((0..<26).map(Double.init), [13, 2])
    #expect(rows.hasPrefix("[[ 0,  1],\n [ 2,  3],\n [ 4,  5],\n …,\n [20, 21],"))
  }
}
