// Small sets of points in the plane, to see what a model makes of them.

import Autodiff
import Engine
import Glibc
import Interpreter

enum ToySetFunctions {
  static let all: [HostFunction] = [
    set(
      "moons", "Two half circles that reach into each other.", noise: 0.1,
      example: "let (x, y) = moons(100)\n(x.shape, y.shape)  # => ([100, 2], [100])"
    ) { place, _, count in
      let half = count - count / 2
      let isFirst = place < half
      let size = Double(max(1, (isFirst ? half : count / 2) - 1))
      let angle = .pi * Double(isFirst ? place : place - half) / size
      return isFirst ? (cos(angle), sin(angle), 0) : (1 - cos(angle), 0.5 - sin(angle), 1)
    },
    set(
      "circles", "A small circle in a large one.", noise: 0.05,
      example:
        "let (x, y) = circles(10, noise: 0)\nround(norm(x, axis: 1), 1)  # => [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5]"
    ) { place, _, count in
      let half = count - count / 2
      let isFirst = place < half
      let angle =
        2 * .pi * Double(isFirst ? place : place - half)
        / Double(max(1, isFirst ? half : count / 2))
      let radius = isFirst ? 1 : 0.5
      return (radius * cos(angle), radius * sin(angle), isFirst ? 0 : 1)
    },
    set(
      "spirals", "Arms that wind round each other.", noise: 0.05,
      groups: HostFunction.Parameter("classes", "how many arms", default: .optional("2")),
      standard: 2,
      example: "let (x, y) = spirals(90, classes: 3)\nbincount(y)  # => [30, 30, 30]"
    ) { place, classes, count in
      let c = place % classes
      let way = Double(place / classes) / Double(max(1, (count - 1) / classes))
      let radius = 0.1 + 0.9 * way
      let angle = 3 * .pi * way + 2 * .pi * Double(c) / Double(classes)
      return (radius * cos(angle), radius * sin(angle), c)
    },
    blobs,
    set(
      "xor_data", "Four clouds: class 1 where the signs differ.", noise: 0.2,
      example:
        "let (x, y) = xor_data(4, noise: 0)\n(x, y)  # => ([[-1, -1], [-1, 1], [1, -1], [1, 1]], [0, 1, 1, 0])"
    ) { place, _, _ in
      let (a, b) = (place / 2 % 2, place % 2)
      return (Double(2 * a - 1), Double(2 * b - 1), a ^ b)
    },
  ]
  private typealias P = HostFunction.Parameter
  private static let size = P("n", "how many points", default: .optional("200"))

  private static func set(
    _ name: String, _ summary: String, noise: Double, groups: HostFunction.Parameter? = nil,
    standard: Int = 1, example: String,
    _ point:
      @escaping @Sendable (_ place: Int, _ groups: Int, _ count: Int) -> (
        x: Double, y: Double, c: Int
      )
  ) -> HostFunction {
    let text = NumberFormat.shortest(noise)
    return HostFunction(
      name: name, summary: summary, category: "Data",
      parameters: [size] + (groups.map { [$0] } ?? []) + [
        P("noise", "the deviation of each coordinate", default: .optional(text))
      ],
      details: ["Gives (x, y): points [n, 2] and class numbers [n]."], examples: [example],
      action: { call in
        let count = try size(call)
        let number = try groups == nil ? 1 : call.int(1, default: standard)
        guard number > 0, number <= 1 << 16 else {
          throw Problem(.value, "\(groups?.name ?? "n") is at least 1, not \(number)", argument: 1)
        }
        let deviation = try deviation(call, groups == nil ? 1 : 2, noise)
        return try made(call, count, deviation) { point($0, number, count) }
      })
  }

  static let blobs: HostFunction = HostFunction(
    name: "blobs", summary: "Round clouds of points.", category: "Data",
    parameters: [
      size, P("centers", "how many clouds, or their centres [k, d]", default: .optional("3")),
      P("noise", "the deviation of each coordinate", default: .optional("1")),
    ],
    details: [
      "Gives (x, y): points [n, d] and class numbers [n]. Centres are drawn from −10 … 10 in the plane,",
      "where they are not given.",
    ],
    examples: [
      "let (x, y) = blobs(60, centers: 3)\nbincount(y)  # => [20, 20, 20]",
      "blobs(2, centers: [[1, 2], [5, 6]], noise: 0)[0]  # => [[1, 2], [5, 6]]",
    ],
    action: { call in
      let count = try size(call)
      let graph = call.session.graph
      var centers: [Double] = []
      var width = 2
      if call.isGiven(1), let node = call.session.node(call.value(1)), node.shape.rank == 2,
        node.shape.count > 0
      {
        (centers, width) = (try graph.values(node), node.shape[1])
      } else {
        let number = try call.int(1, default: 3)
        guard number > 0, number <= 1 << 16 else {
          throw Problem(.value, "centers is at least 1, not \(number)", argument: 1)
        }
        centers = (0..<2 * number).map { _ in 20 * graph.random.nextUniform() - 10 }
      }
      let groups = centers.count / width
      return try spread(call, count, deviation(call, 2, 1), width: width) { place in
        let c = place % groups
        return (Array(centers[c * width..<(c + 1) * width]), c)
      }
    })

  private static func size(_ call: Call) throws -> Int {
    let count = try call.int(0, default: 200)
    guard count > 0, count <= 1 << 26 else {
      throw Problem(.value, "n is at least 1, not \(count)", argument: 0)
    }
    return count
  }

  private static func deviation(_ call: Call, _ index: Int, _ standard: Double) throws -> Double {
    let noise = try call.number(index, default: standard)
    guard noise >= 0, noise.isFinite else {
      throw Problem(
        .value, "noise is a number from 0, not \(NumberFormat.shortest(noise))", argument: index)
    }
    return noise
  }

  private static func made(
    _ call: Call, _ count: Int, _ noise: Double, _ point: (Int) -> (x: Double, y: Double, c: Int)
  ) throws -> Value {
    try spread(call, count, noise, width: 2) { place in
      let (x, y, c) = point(place)
      return ([x, y], c)
    }
  }

  private static func spread(
    _ call: Call, _ count: Int, _ noise: Double, width: Int, _ point: (Int) -> ([Double], Int)
  ) throws -> Value {
    let graph = call.session.graph
    var (values, classes) = ([Double](), [Double]())
    values.reserveCapacity(count * width)
    let stream = Philox(seed: graph.random.seed)
    let start = graph.random.reserve(count * width)
    for place in 0..<count {
      if place & 4095 == 0 { try Graph.checkInterrupt() }
      let (coordinates, c) = point(place)
      for coordinate in coordinates {
        let draw = stream.normal(start &+ UInt64(values.count))
        values.append(coordinate + noise * draw)
      }
      classes.append(Double(c))
    }
    return .tuple([
      .tensor(try graph.tensor(values, shape: [count, width], dtype: graph.defaultDType)),
      .tensor(try graph.tensor(classes, shape: [count], dtype: .i64)),
    ])
  }
}
