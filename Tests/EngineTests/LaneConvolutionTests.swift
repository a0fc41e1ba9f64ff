// Convolutions with images in lanes, and pools of pairs, against sums written out.

import Testing

@testable import Engine

@Suite(.serialized) struct LaneConvolutionTests {
  private static func numbers(_ count: Int, _ seed: Int) throws -> Buffer {
    let buffer = try Buffer(.f32, count: count)
    let p = buffer.pointer(as: Float.self)
    for i in 0..<count { p[i] = Float((i &* 7919 &+ seed &* 104_729) % 1013) / 1013 - 0.5 }
    return buffer
  }

  private static let axes = [
    WindowAxis(size: 28, kernel: 5, before: 2, after: 2), WindowAxis(size: 14, kernel: 5),
    WindowAxis(size: 11, kernel: 3, stride: 2, before: 1, after: 1),
    WindowAxis(size: 9, kernel: 2, stride: 2), WindowAxis(size: 17, kernel: 3, stride: 4),
    WindowAxis(size: 12, kernel: 3, before: 2, after: 1, dilation: 2),
    WindowAxis(size: 20, kernel: 4, stride: 3, before: 3, dilation: 2),
    WindowAxis(size: 4, kernel: 1), WindowAxis(size: 8, kernel: 3, before: 5, after: 4),
  ]

  private static let shapes = axes.indices.flatMap { i in
    [(16, 1, 6), (37, 3, 5), (10, 2, 1), (64, 5, 16)].map { images, inputs, outputs in
      Convolution(
        images: images, inputs: inputs, outputs: outputs, axes[i], axes[(i + images) % axes.count])
    }
  }

  /// Calls `body` with the elements of x, w and y that meet.
  private static func meetings(_ shape: Convolution, _ body: (Int, Int, Int) -> Void) {
    let (v, h) = (shape.vertical, shape.horizontal)
    for image in 0..<shape.images {
      for output in 0..<shape.outputs {
        for down in 0..<v.count {
          for across in 0..<h.count {
            let y = ((image * shape.outputs + output) * v.count + down) * h.count + across
            for input in 0..<shape.inputs {
              for r in 0..<v.kernel {
                guard let row = v.element(down, r) else { continue }
                for c in 0..<h.kernel {
                  guard let column = h.element(across, c) else { continue }
                  let x = ((image * shape.inputs + input) * v.size + row) * h.size + column
                  body(x, ((output * shape.inputs + input) * v.kernel + r) * h.kernel + c, y)
                }
              }
            }
          }
        }
      }
    }
  }

  /// Sums, and the sums of what is added up without its signs.
  private struct Sums {
    var values: [Double]
    var sizes: [Double]

    init(_ count: Int) {
      values = Array(repeating: 0, count: count)
      sizes = values
    }

    mutating func add(_ number: Double, at place: Int) {
      values[place] += number
      sizes[place] += abs(number)
    }

    func expect(_ buffer: Buffer, _ what: String) {
      var worst = 0.0
      for i in values.indices { worst = max(worst, abs(buffer[i] - values[i]) / (1 + sizes[i])) }
      #expect(worst < 1e-6, "\(what): \(worst)")
    }
  }

  @Test(arguments: shapes.indices) func sumsAreThoseOfTheDefinition(_ index: Int) throws {
    let shape = Self.shapes[index]
    let x = try Self.numbers(shape.images * shape.inputs * shape.area, 1)
    let w = try Self.numbers(shape.outputs * shape.taps, 2)
    let y = try Self.numbers(shape.images * shape.outputs * shape.places, 3)
    var (forward, images, weight) = (Sums(y.count), Sums(x.count), Sums(w.count))
    Self.meetings(shape) { i, j, k in
      forward.add(x[i] * w[j], at: k)
      images.add(y[k] * w[j], at: i)
      weight.add(x[i] * y[k], at: j)
    }
    let result = try Buffer(.f32, count: y.count)
    try shape.forward(x, w, result)
    forward.expect(result, "forward \(shape)")
    let back = try Buffer(.f32, count: x.count)
    try shape.toImages(y, w, back)
    images.expect(back, "to images \(shape)")
    let gradient = try Buffer(.f32, count: w.count)
    try shape.toWeight(x, y, gradient)
    weight.expect(gradient, "to weight \(shape)")
  }

  @Test func mostOfTheseAreMadeInLanes() {
    let taken = Self.shapes.filter { LaneConvolution($0, .f32) != nil }
    let back = Self.shapes.filter { LaneConvolution($0, .f32, toImages: true) != nil }
    #expect(taken.count * 2 > Self.shapes.count)
    #expect(back.count * 2 > Self.shapes.count)
  }

  @Test(arguments: [(28, 28), (10, 10), (5, 7), (9, 4), (4, 33), (2, 19), (6, 5)])
  func poolsOfPairs(_ size: (Int, Int)) throws {
    let pool = Pooling(
      planes: 21, WindowAxis(size: size.0, kernel: 2, stride: 2),
      WindowAxis(size: size.1, kernel: 2, stride: 2))
    #expect(pool.isOfPairs)
    let x = try Self.numbers(21 * pool.area, 4)
    let p = x.pointer(as: Float.self)
    // Few different numbers, so that many are equal.
    for i in 0..<x.count { p[i] = (p[i] * 4).rounded() }
    for special in [Float](arrayLiteral: 0, .nan, .infinity, -.infinity) {
      if special != 0 { for i in stride(from: 3, to: x.count, by: 17) { p[i] = special } }
      let y = try Buffer(.f32, count: 21 * pool.places)
      try pool.largest(x, y)
      let g = try Self.numbers(y.count, 5)
      let back = try Buffer(.f32, count: x.count)
      pool.returned(x, g, back)
      for plane in 0..<21 {
        var sums = [Float](repeating: 0, count: pool.area)
        for down in 0..<pool.vertical.count {
          for across in 0..<pool.horizontal.count {
            let window = (plane * pool.vertical.count + down) * pool.horizontal.count + across
            let corner = 2 * down * size.1 + 2 * across
            let all = [corner, corner + 1, corner + size.1, corner + size.1 + 1]
            let values = all.map { p[plane * pool.area + $0] }
            let best = values.firstIndex { $0.isNaN } ?? values.firstIndex(of: values.max() ?? 0)
            let place = try #require(best)
            #expect(Float(y[window]) == values[place] || values[place].isNaN && y[window].isNaN)
            sums[all[place]] += g.pointer(as: Float.self)[window]
          }
        }
        for i in sums.indices where back.pointer(as: Float.self)[plane * pool.area + i] != sums[i] {
          Issue.record("\(size) \(special): element \(i) of plane \(plane)")
        }
      }
    }
  }
}
