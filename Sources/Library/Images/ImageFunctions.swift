// Pictures side by side, of another size, and changed at random.

import Autodiff
import Engine
import Glibc
import Interpreter

enum ImageFunctions {
  static let all: [HostFunction] = [imageGrid, resize, augment, loadImages]
  private typealias P = HostFunction.Parameter

  /// Pictures [n, height, width] or [n, planes, height, width].
  private struct Pictures {
    let node: Node
    let buffer: Buffer
    var dims: [Int] { node.shape.dims }
    var count: Int { dims[0] }
    var hasPlanes: Bool { dims.count == 4 }
    var planes: Int { hasPlanes ? dims[1] : 1 }
    var height: Int { dims[dims.count - 2] }
    var width: Int { dims[dims.count - 1] }
    /// The axes before height and width.
    var front: [Int] { Array(dims.dropLast(2)) }

    init(_ call: Call, floats: Bool) throws {
      var node = try call.tensor(0)
      guard node.shape.rank == 3 || node.shape.rank == 4, node.shape.count > 0 else {
        throw Problem(
          .shape,
          "\(call.name) wants pictures [n, height, width] or [n, planes, height, width], not "
            + "\(node.shape)", argument: 0,
          help: node.shape.rank == 2
            ? "reshape(x, n, height, width) makes pictures of rows; [x] is one picture" : nil)
      }
      if floats, node.dtype != .f32, node.dtype != .f64 {
        node = try call.session.graph.record(.convert, [node], Attributes(dtype: .f32))
      }
      try call.session.graph.force([node])
      guard let buffer = node.buffer else {
        throw Problem(.internal, "the pictures were not computed", argument: 0)
      }
      (self.node, self.buffer) = (node, buffer)
    }
  }

  private static func made(
    _ call: Call, _ dims: [Int], _ dtype: DType, _ fill: (Buffer) throws -> Void
  ) throws -> Value { .tensor(try ImageTensor.made(dims, dtype, call.session, fill)) }

  static let imageGrid: HostFunction = HostFunction(
    name: "image_grid", summary: "Several pictures side by side in one.", category: "Pictures",
    parameters: [
      P("x", "pictures [n, height, width] or [n, planes, height, width]"),
      P("columns", "how many in a row", default: .optional("as many as there are rows")),
      P("gap", "pixels of zeros between two", default: .optional("1")),
    ],
    details: ["save(image_grid(x), \"samples.png\") writes them as a file."],
    examples: [
      "image_grid(ones(3, 1, 2), columns: 2)  # => [[1, 1, 0, 1, 1], [0, 0, 0, 0, 0], [1, 1, 0, 0, 0]]",
      "image_grid(ones(9, 3, 28, 28)).shape  # => [3, 86, 86]",
      "image_grid(ones(28, 28))  # error: shape",
    ],
    action: { call in
      let x = try Pictures(call, floats: false)
      let square = Int(Double(x.count).squareRoot().rounded(.up))
      let (columns, gap) = (try call.int(1, default: square), try call.int(2, default: 1))
      guard columns > 0 else {
        throw Problem(.value, "columns is at least 1, not \(columns)", argument: 1)
      }
      guard gap >= 0, gap <= 1 << 20 else {
        throw Problem(.value, "gap is a number of pixels from 0, not \(gap)", argument: 2)
      }
      let grid = ImageGrid(
        count: x.count, planes: x.planes, height: x.height, width: x.width, columns: columns,
        gap: gap)
      let size = grid.size ?? (Int.max, Int.max)
      return try made(
        call, (x.hasPlanes ? [x.planes] : []) + [size.height, size.width], x.node.dtype
      ) { grid.run(x.buffer, $0) }
    })

  static let resize: HostFunction = HostFunction(
    name: "resize", summary: "Pictures of another height and width.", category: "Pictures",
    parameters: [
      P("x", "pictures [n, height, width] or [n, planes, height, width]"),
      P("size", "(height, width)"),
    ],
    details: [
      "Linear between pixels where the result is larger; where it is smaller, the weighted mean of all",
      "that a pixel covers: what Pillow calls BILINEAR. No gradient goes through it.",
    ],
    examples: [
      "resize([[[0, 1]]], (1, 4))  # => [[[0, 0.25, 0.75, 1]]]",
      "resize(ones(2, 3, 8, 8), (4, 6)).shape  # => [2, 3, 4, 6]",
      "resize(ones(1, 2, 2), (0, 2))  # error: value",
    ],
    action: { call in
      let x = try Pictures(call, floats: true)
      let (height, width) = try size(call, 1)
      let resize = ImageResize(
        planes: x.count * x.planes, height: x.height, width: x.width, newHeight: height,
        newWidth: width)
      return try made(call, x.front + [height, width], x.node.dtype) { resize.run(x.buffer, $0) }
    })

  /// (height, width)
  static func size(_ call: Call, _ index: Int) throws -> (height: Int, width: Int) {
    let values = try call.elements(index)
    let numbers = values.compactMap { value -> Int? in
      guard case .number(let x) = value, let size = Int(exactly: x), size > 0, size <= 1 << 16
      else { return nil }
      return size
    }
    guard values.count == 2, numbers.count == 2 else {
      throw Problem(
        .value, "size is (height, width), whole numbers from 1 to \(1 << 16)", argument: index)
    }
    return (numbers[0], numbers[1])
  }

  static let augment: HostFunction = HostFunction(
    name: "augment", summary: "Pictures changed at random, each in its own way.",
    category: "Pictures",
    parameters: [
      P("x", "pictures [n, height, width] or [n, planes, height, width]"),
      P("shift", "pixels up or down and to a side, at most", default: .optional("0")),
      P("rotate", "degrees to the left or right, at most", default: .optional("0")),
      P("zoom", "larger or smaller by this share, at most", default: .optional("0")),
      P("flip", "left and right change places in half of them", default: .optional("false")),
      P("noise", "the deviation of what is added to each pixel", default: .optional("0")),
    ],
    details: [
      "What comes into the picture from outside is 0. No gradient goes through it: it is for the data",
      "of a training, fit(net, x, y, augment: x -> augment(x, shift: 2, rotate: 10)), or in a loop of",
      "batches.",
    ],
    examples: [
      "augment(ones(2, 8, 8), shift: 2).shape  # => [2, 8, 8]",
      "seed(1)\nlet x = rand(20, 4, 4)\nlet y = augment(x, flip: true)\n"
        + "all((y == x) + (y == flip(x, axis: 2)) > 0)  # => true",
      "all(augment(eye(3).reshape(1, 3, 3)) == eye(3))  # => true",
      "augment(ones(2, 8, 8), zoom: 1)  # error: value",
    ],
    action: { call in
      let x = try Pictures(call, floats: true)
      let most = try (1...3).map { try amount(call, $0) } + [amount(call, 5)]
      guard most[2] < 1 else {
        throw Problem(.value, "zoom is a share from 0 to 1 (1 excluded)", argument: 3)
      }
      let flips = try call.bool(4, default: false)
      let graph = call.session.graph
      let stream = Philox(seed: graph.random.seed)
      let start = graph.random.reserve(5 * x.count)
      let maps = (0..<x.count).map { index in
        let draw = { (place: Int) in stream.uniform(start &+ UInt64(5 * index + place)) }
        let angle = (2 * draw(0) - 1) * most[1] * .pi / 180
        return ImageWarp.Map(
          height: x.height, width: x.width, cosine: cos(angle), sine: sin(angle),
          zoom: 1 + (2 * draw(1) - 1) * most[2], down: (2 * draw(2) - 1) * most[0],
          right: (2 * draw(3) - 1) * most[0], isMirrored: flips && draw(4) < 0.5)
      }
      let warp = ImageWarp(planes: x.planes, height: x.height, width: x.width)
      let warped = try made(call, x.dims, x.node.dtype) { warp.run(x.buffer, $0, maps) }
      guard most[3] > 0, let node = call.session.node(warped) else { return warped }
      let normal = try graph.random(.normal, Attributes(sizes: x.dims, dtype: x.node.dtype))
      let noise = try graph.record(.multiply, [normal, graph.constant(most[3], x.node.dtype)])
      return .tensor(try graph.record(.add, [node, noise]))
    })

  private static func amount(_ call: Call, _ index: Int) throws -> Double {
    let amount = try call.number(index, default: 0)
    guard amount >= 0, amount <= 1e6 else {
      throw Problem(
        .value,
        "\(call.parameters[index].name) is a number from 0, not \(NumberFormat.shortest(amount))",
        argument: index)
    }
    return amount
  }
}
