// How sixteen images lie in memory, and where windows meet them.

/// Planes of vectors, one for each element of sixteen images, with columns of zeros beside them and rows
/// of zeros above and below.
struct LaneGrid {
  /// Of a vector.
  static let bytes = 64

  let channels: Int
  /// Elements of a plane.
  private let (height, across): (Int, Int)
  private let top: Int
  let left: Int
  /// Vectors of a plane, with the zeros.
  let rows: Int
  let width: Int

  /// The images of a convolution with the padding that its windows see.
  init(seenBy shape: Convolution) {
    let (v, h) = (shape.vertical, shape.horizontal)
    (channels, height, across) = (shape.inputs, v.size, h.size)
    (top, left) = (v.before, h.before)
    (rows, width) = (v.before + v.size + v.after, h.before + h.size + h.after)
  }

  /// What the windows of a convolution make.
  init(madeBy shape: Convolution) {
    (channels, height, across) = (shape.outputs, shape.vertical.count, shape.horizontal.count)
    (top, left, rows, width) = (0, 0, height, across)
  }

  /// The same, with columns of zeros that stand for windows beside the others: the images' elements look
  /// at them where fewer windows see them.
  init(givenTo shape: Convolution) {
    let h = shape.horizontal
    (channels, height, across) = (shape.outputs, shape.vertical.count, h.count)
    let first = (h.before - (h.kernel - 1) * h.dilation) / h.stride - 1
    let last = (h.size - 1 + h.before) / h.stride + 1
    (top, left, rows) = (0, max(0, -first), height)
    width = left + max(across, last + 1)
  }

  /// Vectors.
  var count: Int { channels * rows * width }

  /// Where each element of an image lies.
  func places() throws(MemoryProblem) -> Buffer {
    var places: [Int] = []
    places.reserveCapacity(channels * height * across)
    for channel in 0..<channels {
      for row in 0..<height {
        let first = (channel * rows + top + row) * width + left
        places.append(contentsOf: first..<first + across)
      }
    }
    return try LaneGrid.table(places)
  }

  /// Zeros.
  func memory() throws(MemoryProblem) -> Buffer {
    let memory = try LaneGrid.memory(count)
    LaneGrid.clear(memory)
    return memory
  }

  /// So many vectors.
  static func memory(_ vectors: Int) throws(MemoryProblem) -> Buffer {
    try Buffer(.f32, count: vectors * LaneLoops.images)
  }

  static func clear(_ memory: Buffer) {
    memory.address.initializeMemory(as: UInt8.self, repeating: 0, count: memory.count * 4)
  }

  static func table(_ numbers: [Int]) throws(MemoryProblem) -> Buffer {
    let table = try Buffer(.i64, count: numbers.count)
    table.pointer(as: Int.self).update(from: numbers, count: numbers.count)
    return table
  }
}

/// What one channel of a result is the sum of, row by row of windows' elements.
struct LaneTaps {
  struct Tap {
    /// Of the grid.
    let channel: Int
    /// Of the kernel, row by row.
    let place: Int
    /// From the vector that belongs to a result, in vectors.
    let offset: Int
  }

  private(set) var all: [Tap] = []
  /// For each row of results the first tap that it has, and the end.
  private(set) var ranges: [Int] = []
  let windows: LaneWindows
  /// Where the first result lies.
  let first: Int
  /// Where the vector of the grid that belongs to it lies.
  let origin: Int
  /// Whether the results are the windows' and not the images'.
  let isForward: Bool

  /// What windows see.
  init(of shape: Convolution, _ seen: LaneGrid) {
    let (v, h) = (shape.vertical, shape.horizontal)
    for down in 0..<v.kernel {
      for channel in 0..<shape.inputs {
        for across in 0..<h.kernel {
          let row = channel * seen.rows + down * v.dilation
          all.append(
            Tap(
              channel: channel, place: down * h.kernel + across,
              offset: row * seen.width + across * h.dilation))
        }
      }
    }
    let line = shape.inputs * h.kernel
    for row in 0..<v.count {
      let inside = v.inside(row)
      ranges += [inside.lowerBound * line, inside.upperBound * line]
    }
    windows = LaneSums.windows(shape, seen, taps: all.count)
    (first, origin, isForward) = (0, 0, true)
  }

  /// What sees the elements of images that lie a stride apart, from an element of the first rows and
  /// columns on.
  init(of shape: Convolution, _ given: LaneGrid, seenFrom down: Int, _ across: Int) {
    let (v, h) = (shape.vertical, shape.horizontal)
    // The windows that see an element, from the element's own number on: nil where none does.
    func distance(_ axis: WindowAxis, _ first: Int, _ place: Int) -> Int? {
      let distance = first + axis.before - place * axis.dilation
      return distance % axis.stride == 0 ? distance / axis.stride : nil
    }
    // The last rows of kernels come first: these windows lie higher up.
    var lines: [(distance: Int, count: Int)] = []
    for row in (0..<v.kernel).reversed() {
      guard let up = distance(v, down, row) else { continue }
      let before = all.count
      for channel in 0..<shape.outputs {
        for column in 0..<h.kernel {
          guard let aside = distance(h, across, column) else { continue }
          all.append(
            Tap(
              channel: channel, place: row * h.kernel + column,
              offset: (channel * given.rows + up) * given.width + aside))
        }
      }
      lines.append((up, all.count - before))
    }
    let rows = (v.size - down + v.stride - 1) / v.stride
    for row in 0..<rows {
      let early = lines.prefix { row + $0.distance < 0 }
      let late = lines.dropFirst(early.count).prefix { row + $0.distance < v.count }
      let first = early.reduce(0) { $0 + $1.count }
      ranges += [first, first + late.reduce(0) { $0 + $1.count }]
    }
    windows = LaneWindows(
      rows: rows, columns: (h.size - across + h.stride - 1) / h.stride, channels: shape.inputs,
      taps: all.count, source: (given.width, 1),
      result: (shape.area, v.stride * h.size, h.stride))
    (first, origin, isForward) = (down * h.size + across, given.left, false)
  }
}

/// Sums over taps with their weights, ready to run.
struct LaneSums {
  private let windows: LaneWindows
  private let weights: Buffer
  private let offsets: Buffer
  private let ranges: Buffer
  private let first: Int
  private let origin: Int

  init(_ taps: LaneTaps, _ shape: Convolution, _ weight: Buffer) throws(MemoryProblem) {
    (windows, first, origin) = (taps.windows, taps.first, taps.origin)
    offsets = try LaneGrid.table(taps.all.map(\.offset))
    ranges = try LaneGrid.table(taps.ranges)
    weights = try Buffer(.f32, count: windows.channels * taps.all.count)
    let (from, to) = (weight.pointer(as: Float.self), weights.pointer(as: Float.self))
    LaneLoops.forEachTile(windows.channels) { channel, count in
      for (index, tap) in taps.all.enumerated() {
        for i in 0..<count {
          let (output, input) =
            taps.isForward ? (channel + i, tap.channel) : (tap.channel, channel + i)
          to[channel * taps.all.count + index * count + i] =
            from[shape.weight(output, input, tap.place)]
        }
      }
    }
  }

  /// The windows of a convolution over its images.
  static func windows(_ shape: Convolution, _ seen: LaneGrid, taps: Int) -> LaneWindows {
    LaneWindows(
      rows: shape.vertical.count, columns: shape.horizontal.count, channels: shape.outputs,
      taps: taps, source: (shape.vertical.stride * seen.width, shape.horizontal.stride),
      result: (shape.places, shape.horizontal.count, 1))
  }

  func run(_ result: Buffer, _ source: Buffer) {
    LaneVectors.sums(
      windows, result.address + first * LaneGrid.bytes, source.address + origin * LaneGrid.bytes,
      weights.pointer(as: Float.self), offsets.pointer(as: Int.self),
      ranges.pointer(as: Int.self))
  }
}

extension Convolution {
  /// Where the weight of an output's and an input's channel at a place of the kernel lies.
  func weight(_ output: Int, _ input: Int, _ place: Int) -> Int {
    (output * inputs + input) * kernel + place
  }
}
