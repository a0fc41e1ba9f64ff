// A tensor as text: aligned columns, edges when large.

package enum TensorFormat {
  private static let edge = 3
  private static let wholeUpTo = 12

  /// `[1, 2]`, or rows on lines of their own from two axes on; four digits after the point.
  package static func text(_ buffer: Buffer, _ shape: Shape) -> String {
    if shape.rank == 0 { return scalar(buffer, 0) }
    if shape.count == 0 { return shape.rank == 1 ? "[]" : "[] of shape \(shape)" }
    var offsets: [Int] = []
    collect(shape, 0, 0, &offsets)
    let style = Style(offsets.map { buffer[$0] }, buffer.dtype)
    let width = shape.rank > 1 ? offsets.map { style.text(buffer, $0).count }.max() ?? 0 : 0
    var result = ""
    write(buffer, shape, 0, 0, style, width, &result, indent: 1)
    return result
  }

  private static func scalar(_ buffer: Buffer, _ index: Int) -> String {
    switch buffer.dtype {
    case .f32: NumberFormat.shortest(Float(buffer[index]))
    case .bool: buffer[index] != 0 ? "true" : "false"
    case .i64, .i32: buffer.whole(index).map(String.init) ?? ""
    case .f64: NumberFormat.shortest(buffer[index])
    }
  }

  /// Which indices of an axis are shown; -1 stands for the gap.
  private static func shown(_ size: Int) -> [Int] {
    size <= wholeUpTo ? Array(0..<size) : Array(0..<edge) + [-1] + Array(size - edge..<size)
  }

  private static func collect(_ shape: Shape, _ axis: Int, _ offset: Int, _ result: inout [Int]) {
    if axis == shape.rank { return result.append(offset) }
    let stride = shape.strides[axis]
    for index in shown(shape[axis]) where index >= 0 {
      collect(shape, axis + 1, offset + index * stride, &result)
    }
  }

  private static func write(
    _ buffer: Buffer, _ shape: Shape, _ axis: Int, _ offset: Int, _ style: Style, _ width: Int,
    _ result: inout String, indent: Int
  ) {
    if axis == shape.rank {
      let text = style.text(buffer, offset)
      result += String(repeating: " ", count: max(0, width - text.count)) + text
      return
    }
    let stride = shape.strides[axis]
    result += "["
    for (place, index) in shown(shape[axis]).enumerated() {
      if place > 0 {
        result += axis == shape.rank - 1 ? ", " : ",\n" + String(repeating: " ", count: indent)
      }
      if index < 0 {
        result += "…"
      } else {
        write(
          buffer, shape, axis + 1, offset + index * stride, style, width, &result,
          indent: indent + 1)
      }
    }
    result += "]"
  }

  /// How the numbers of one tensor are written: plain, four digits, or scientific.
  private struct Style {
    let dtype: DType
    let isScientific: Bool

    init(_ values: [Double], _ dtype: DType) {
      self.dtype = dtype
      let sizes = values.map(\.magnitude).filter { $0 > 0 && $0.isFinite }
      let largest = sizes.max() ?? 0
      isScientific =
        dtype.isFloat
        && (largest >= 1e8 || (largest < 1e-3 && largest > 0)
          || (largest >= 1e6 && (sizes.min() ?? 1) < 1e-3))
    }

    func text(_ buffer: Buffer, _ index: Int) -> String {
      if !dtype.isFloat { return TensorFormat.scalar(buffer, index) }
      let x = buffer[index]
      if !x.isFinite { return NumberFormat.shortest(x) }
      if isScientific, x != x.rounded() || x.magnitude >= 1e8 {
        return NumberFormat.fixed(x, digits: 4, conversion: "e")
      }
      var text = NumberFormat.fixed(x, digits: 4)
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
      return text == "-0" ? "0" : text
    }
  }
}
