// A tensor as text: aligned columns, edges and a summary when large.

package enum TensorFormat {
  private static let edge = 3
  private static let alwaysWhole = 12
  private static let wholeUpTo = 100
  private static let width = 80

  /// `[1, 2]`, or rows on lines of their own from two axes on.
  ///
  /// Up to 12 elements are written whole, up to 100 where no line is longer than 80 columns. Of
  /// larger tensors the first and last three along every axis are written, and a last line with
  /// minimum, mean, maximum and the number of NaNs. Floats have four digits after the point, or
  /// are scientific where one that is shown would lose all its digits; decimal points of a column
  /// stand below each other. On a terminal of so many columns rows show fewer elements where they
  /// would not fit.
  package static func text(_ buffer: Buffer, _ shape: Shape, columns: Int? = nil) -> String {
    if shape.rank == 0 { return scalar(buffer, 0) }
    if shape.count == 0 { return shape.rank == 1 ? "[]" : "[] of shape \(shape)" }
    let last = shape[shape.rank - 1]
    func fits(_ text: String) -> Bool {
      !text.split(separator: "\n").contains { $0.count > columns ?? width }
    }
    if shape.count <= wholeUpTo {
      let whole = layout(buffer, shape, isWhole: true, row: Array(0..<last))
      if shape.count <= alwaysWhole && columns == nil || fits(whole) { return whole }
    }
    var row = shown(last, false)
    var edges = layout(buffer, shape, isWhole: false, row: row)
    while columns != nil, row.count > 2, !fits(edges) {
      let kept = row.filter { $0 >= 0 }.count - 1
      row = Array(0..<(kept - kept / 2)) + [-1] + Array((last - kept / 2)..<last)
      edges = layout(buffer, shape, isWhole: false, row: row)
    }
    return edges.contains("…") ? edges + "\n" + summary(buffer) : edges
  }

  /// `row` are the elements of the last axis that are shown; -1 stands for the gap.
  private static func layout(_ buffer: Buffer, _ shape: Shape, isWhole: Bool, row: [Int]) -> String
  {
    var offsets: [Int] = []
    collect(shape, 0, 0, isWhole, row, &offsets)
    let style = Style(offsets.map { buffer[$0] }, buffer.dtype)
    let places = row.filter { $0 >= 0 }
    var columns = [Column](repeating: Column(), count: places.count)
    if shape.rank > 1 {
      for (place, offset) in offsets.enumerated() {
        columns[place % places.count].fit(style.text(buffer, offset))
      }
    }
    var result = ""
    write(buffer, shape, 0, 0, style, columns, isWhole, row, &result)
    return result
  }

  static func scalar(_ buffer: Buffer, _ index: Int) -> String {
    switch buffer.dtype {
    case .f32: NumberFormat.shortest(Float(buffer[index]))
    case .bool: buffer[index] != 0 ? "true" : "false"
    case .i64, .i32: buffer.whole(index).map(String.init) ?? ""
    case .f64: NumberFormat.shortest(buffer[index])
    }
  }

  /// Which indices of an axis are shown; -1 stands for the gap.
  private static func shown(_ size: Int, _ isWhole: Bool) -> [Int] {
    isWhole || size <= 2 * edge
      ? Array(0..<size) : Array(0..<edge) + [-1] + Array(size - edge..<size)
  }

  private static func collect(
    _ shape: Shape, _ axis: Int, _ offset: Int, _ isWhole: Bool, _ row: [Int],
    _ result: inout [Int]
  ) {
    if axis == shape.rank { return result.append(offset) }
    let stride = shape.strides[axis]
    let places = axis == shape.rank - 1 ? row : shown(shape[axis], isWhole)
    for index in places where index >= 0 {
      collect(shape, axis + 1, offset + index * stride, isWhole, row, &result)
    }
  }

  private static func write(
    _ buffer: Buffer, _ shape: Shape, _ axis: Int, _ offset: Int, _ style: Style,
    _ columns: [Column], _ isWhole: Bool, _ row: [Int], _ result: inout String
  ) {
    let stride = shape.strides[axis]
    let isRow = axis == shape.rank - 1
    var column = 0
    result += "["
    for (place, index) in (isRow ? row : shown(shape[axis], isWhole)).enumerated() {
      if place > 0 { result += isRow ? ", " : ",\n" + String(repeating: " ", count: axis + 1) }
      if index < 0 {
        result += "…"
      } else if isRow {
        result += columns[column].padded(style.text(buffer, offset + index * stride))
        column += 1
      } else {
        write(
          buffer, shape, axis + 1, offset + index * stride, style, columns, isWhole, row, &result)
      }
    }
    result += "]"
  }

  /// The room that the numbers of a column take before and from the point.
  private struct Column {
    private var before = 0
    private var after = 0

    mutating func fit(_ text: String) {
      let whole = text.prefix { $0 != "." }.count
      before = max(before, whole)
      after = max(after, text.count - whole)
    }

    func padded(_ text: String) -> String {
      let whole = text.prefix { $0 != "." }.count
      return String(repeating: " ", count: max(0, before - whole)) + text
        + String(repeating: " ", count: max(0, after - (text.count - whole)))
    }
  }

  /// How the numbers of one tensor are written: plain, four digits, or scientific.
  private struct Style {
    let dtype: DType
    let isScientific: Bool

    init(_ values: [Double], _ dtype: DType) {
      self.dtype = dtype
      let sizes = values.map(\.magnitude).filter { $0 > 0 && $0.isFinite }
      let (smallest, largest) = (sizes.min() ?? 1, sizes.max() ?? 1)
      isScientific =
        dtype.isFloat
        && (largest >= 1e8 || largest < 1e-3 || smallest < 5e-5
          || (largest >= 1e6 && smallest < 1e-3))
    }

    func text(_ buffer: Buffer, _ index: Int) -> String {
      if !dtype.isFloat { return TensorFormat.scalar(buffer, index) }
      return number(buffer[index])
    }

    func number(_ x: Double) -> String {
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

// MARK: - The summary of a large tensor

extension TensorFormat {
  /// `min -2, mean 0.5, max 3, 1 nan`, in one pass; NaNs count for nothing else.
  private static func summary(_ buffer: Buffer) -> String {
    var (least, most, nans) = (0, 0, 0)
    var total = 0.0
    var numbers = 0
    for piece in Work.pieces(buffer.count) {
      for i in piece {
        let x = buffer[i]
        if x.isNaN {
          nans += 1
          continue
        }
        total += x
        if numbers == 0 || x < buffer[least] { least = i }
        if numbers == 0 || x > buffer[most] { most = i }
        numbers += 1
      }
    }
    if buffer.dtype == .bool {
      return "\(NumberFormat.shortest(total)) of \(buffer.count) are true"
    }
    var parts: [String] = []
    if numbers > 0 {
      let mean = total / Double(numbers)
      let style = Style([buffer[least], mean, buffer[most]], .f64)
      let text = { (i: Int) in buffer.dtype.isFloat ? style.number(buffer[i]) : scalar(buffer, i) }
      parts = ["min \(text(least))", "mean \(style.number(mean))", "max \(text(most))"]
    }
    if nans > 0 { parts.append("\(nans) nan") }
    return parts.joined(separator: ", ")
  }
}
