// Windows that go along an axis, as those of convolutions and pools do.

/// How windows lie along one axis: which elements each of them sees.
package struct WindowAxis: Hashable, Sendable {
  /// Elements of the axis.
  package let size: Int
  /// Elements that a window sees.
  package let kernel: Int
  /// From one window to the next.
  package let stride: Int
  /// Elements that are thought of before the first one and after the last one.
  package let before: Int
  package let after: Int
  /// From one element that a window sees to the next.
  package let dilation: Int

  package init(
    size: Int, kernel: Int, stride: Int = 1, before: Int = 0, after: Int = 0, dilation: Int = 1
  ) {
    (self.size, self.kernel, self.stride) = (size, kernel, stride)
    (self.before, self.after, self.dilation) = (before, after, dilation)
  }

  /// An axis along which nothing moves.
  package static let single = WindowAxis(size: 1, kernel: 1)

  /// From the first element that a window sees to its last, both included.
  package var reach: Int { (kernel - 1) * dilation + 1 }

  /// How many windows there are.
  package var count: Int {
    let room = size + before + after - reach
    return room < 0 ? 0 : room / stride + 1
  }

  /// The element that a window sees at one of its places; nil in the padding.
  package func element(_ window: Int, _ place: Int) -> Int? {
    let element = window * stride + place * dilation - before
    return element >= 0 && element < size ? element : nil
  }

  /// The place at which a window sees an element; nil where it does not.
  package func place(_ window: Int, of element: Int) -> Int? {
    let distance = element + before - window * stride
    guard distance >= 0, distance % dilation == 0, distance / dilation < kernel else { return nil }
    return distance / dilation
  }

  /// The window that sees an element at a place; nil where none does.
  package func window(of element: Int, at place: Int) -> Int? {
    let distance = element + before - place * dilation
    guard distance >= 0, distance % stride == 0, distance / stride < count else { return nil }
    return distance / stride
  }

  /// The places of a window that lie on the axis.
  func inside(_ window: Int) -> Range<Int> {
    let start = window * stride - before
    let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
    let last = size - start <= 0 ? 0 : (size - start - 1) / dilation + 1
    let end = Swift.min(kernel, last)
    return Swift.min(first, end)..<end
  }

  /// The windows that see an element of the axis at a place.
  func windows(at place: Int) -> Range<Int> {
    let start = place * dilation - before
    let first = start >= 0 ? 0 : (-start + stride - 1) / stride
    let last = size - start <= 0 ? 0 : (size - start - 1) / stride + 1
    let end = Swift.min(count, last)
    return Swift.min(first, end)..<end
  }
}
