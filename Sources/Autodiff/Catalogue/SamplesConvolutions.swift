// Operands for the gradient check of convolutions and pools: windows of every kind.

import Engine

extension Samples {
  /// Windows with few elements, along one axis or two.
  private static let windows: [[WindowAxis]] = [
    [WindowAxis(size: 4, kernel: 2)], [WindowAxis(size: 3, kernel: 3)],
    [WindowAxis(size: 5, kernel: 3, stride: 2)],
    [WindowAxis(size: 4, kernel: 3, before: 1, after: 1)],
    [WindowAxis(size: 4, kernel: 2, before: 0, after: 1)],
    [WindowAxis(size: 5, kernel: 2, dilation: 2)],
    [WindowAxis(size: 2, kernel: 1)],
    [WindowAxis(size: 3, kernel: 2), WindowAxis(size: 3, kernel: 2)],
    [WindowAxis(size: 2, kernel: 2), WindowAxis(size: 4, kernel: 1)],
    [
      WindowAxis(size: 3, kernel: 3, before: 1, after: 1),
      WindowAxis(size: 2, kernel: 2, before: 1, after: 0),
    ],
    [WindowAxis(size: 4, kernel: 2, stride: 2), WindowAxis(size: 4, kernel: 2, stride: 2)],
    [
      WindowAxis(size: 3, kernel: 2, stride: 2, before: 1, after: 1),
      WindowAxis(size: 4, kernel: 2, dilation: 2),
    ],
    [
      WindowAxis(size: 5, kernel: 2, stride: 2, before: 1, after: 1, dilation: 3),
      WindowAxis(size: 1, kernel: 1),
    ],
  ]

  /// Windows with images, inputs and outputs.
  private static let cases: [(images: Int, inputs: Int, outputs: Int, windows: [WindowAxis])] =
    windows.enumerated().map { place, windows in
      (1 + place % 2, 1 + place / 2 % 2, 1 + place / 3 % 2, windows)
    } + [
      (0, 1, 2, windows[0]), (2, 0, 1, windows[0]), (1, 2, 0, windows[7]), (3, 2, 2, windows[3]),
      (1, 1, 1, [WindowAxis(size: 16, kernel: 1), WindowAxis(size: 16, kernel: 1)]),
    ]

  private static func shapes(
    _ part: (images: Int, inputs: Int, outputs: Int, windows: [WindowAxis])
  ) -> (x: [Int], w: [Int], y: [Int]) {
    (
      [part.images, part.inputs] + part.windows.map(\.size),
      [part.outputs, part.inputs] + part.windows.map(\.kernel),
      [part.images, part.outputs] + part.windows.map(\.count)
    )
  }

  static let convolve: [Sample] = cases.map {
    Sample([shapes($0).x, shapes($0).w], Attributes(windows: $0.windows))
  }
  static let convolveTranspose: [Sample] = cases.map {
    Sample([shapes($0).y, shapes($0).w], Attributes(windows: $0.windows))
  }
  static let convolveWeight: [Sample] = cases.map {
    Sample([shapes($0).x, shapes($0).y], Attributes(windows: $0.windows))
  }

  /// Pools have no more padding than half of a window.
  private static let planes: [(x: [Int], y: [Int], windows: [WindowAxis])] =
    windows.enumerated().map { place, windows in
      let leading = [[2], [], [1, 2]][place % 3]
      return (leading + windows.map(\.size), leading + windows.map(\.count), windows)
    } + [([0, 2, 4], [0, 2, 3], windows[0])]

  static let pools: [Sample] = planes.map { Sample([$0.x], Attributes(windows: $0.windows)) }
  static let poolsTaken: [Sample] = planes.map {
    Sample(operands: [chosen($0.x), .varied($0.x)], Attributes(windows: $0.windows))
  }
  static let poolsReturned: [Sample] = planes.map {
    Sample(operands: [chosen($0.x), .varied($0.y)], Attributes(windows: $0.windows))
  }

  /// Different numbers, among which windows choose.
  private static func chosen(_ shape: [Int]) -> Sample.Operand {
    .fixed(shape, (0..<shape.reduce(1, *)).map { Double($0 * 7 % 37) - 18 }, .f64)
  }
  static let averagesReturned: [Sample] = planes.map {
    Sample([$0.y], Attributes(windows: $0.windows))
  }

  static let pad: [Sample] = [
    ([], []), ([3], [1, 1]), ([3], [0, 2]), ([3], [2, 0]), ([0], [1, 2]), ([1], [0, 0]),
    ([2, 3], [1, 0, 0, 2]), ([2, 3], [0, 0, 1, 1]), ([2, 0], [1, 0, 1, 0]),
    ([1, 1], [1, 1, 1, 1]),
    ([2, 1, 2], [0, 1, 0, 1, 0, 1]), ([4], [3, 3]), ([2, 2], [0, 0, 0, 0]),
  ].map { Sample([$0.0], Attributes(sizes: $0.1)) }
}
