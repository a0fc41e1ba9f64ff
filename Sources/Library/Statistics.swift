// Order statistics, counts and covariances.

import Autodiff
import Engine
import Interpreter

enum StatisticFunctions {
  static let all: [HostFunction] = [
    quantile, median, cov, corr, cummax, cummin, unique, bincount, searchsorted, histogramCounts,
  ]
  private typealias P = HostFunction.Parameter
  private static let axis = P("axis", "an axis, or none for all", default: .optional("none"))
  private static let keep = P(
    "keep", "whether the reduced axis stays as size 1", default: .optional("false"))

  // MARK: - Order

  static let quantile: HostFunction = HostFunction(
    name: "quantile", summary: "The number below which a share q of the elements lies.",
    category: "Tensors",
    parameters: [
      P("x", "a tensor"), P("q", "a share from 0 to 1, or a vector of them"), axis, keep,
    ],
    details: [
      "Between two elements it lies on the line through them, as NumPy's does. Several shares make the",
      "first axis of the result. Where there is a NaN, the result is NaN.",
    ],
    examples: [
      "quantile([1, 2, 3, 4], 0.25)  # => 1.75", "quantile([1, 2, 4], [0, 0.5, 1])  # => [1, 2, 4]",
    ],
    action: { call in
      let f = try Composed(call)
      let q = try call.tensor(1)
      guard q.shape.rank <= 1 else {
        throw Problem(.shape, "the shares of quantile are a number or a vector", argument: 1)
      }
      let shares = try call.session.graph.values(q)
      if let wrong = shares.first(where: { !($0 >= 0 && $0 <= 1) }) {
        throw Problem(
          .value, "a share lies between 0 and 1, not at \(NumberFormat.shortest(wrong))",
          argument: 1)
      }
      return .tensor(try f.quantiles(shares, isOne: q.shape.rank == 0, axis: 2))
    })

  static let median: HostFunction = HostFunction(
    name: "median", summary: "The middle element in order, or the mean of the middle two.",
    category: "Tensors", parameters: [P("x", "a tensor"), axis, keep],
    details: ["in plain nns: x -> quantile(x, 0.5)"],
    examples: [
      "median([3, 1, 2])  # => 2", "median([[1, 2], [3, 5]], axis: 1)  # => [1.5, 4]",
    ], isOperator: true,
    action: { call in .tensor(try Composed(call).quantiles([0.5], isOne: true, axis: 1)) })

  private static func running(_ name: String, _ summary: String, _ op: Operator, _ example: String)
    -> HostFunction
  {
    HostFunction(
      name: name, summary: summary, category: "Tensors",
      parameters: [P("x", "a tensor"), P("axis", "an axis", default: .optional("0"))],
      details: ["derivative: upstream, added up at the first of equal ones"], examples: [example],
      isOperator: true,
      action: { call in
        let f = try Composed(call)
        let (axis, size) = (try f.axis(1, standard: 0), f[0].shape)
        var (y, reach) = (f[0], 1)
        // Windows of 1, 2, 4 … elements that end at every place.
        while reach < size[axis] {
          var (starts, lengths) = ([Int](repeating: 0, count: size.rank), size.dims)
          lengths[axis] = size[axis] - reach
          let early = try f.block(y, starts, lengths)
          starts[axis] = reach
          let late = try f(op, early, f.block(y, starts, lengths))
          (starts[axis], lengths[axis]) = (0, reach)
          y = try f(.concat, f.block(y, starts, lengths), late, with: Attributes(axes: [axis]))
          reach *= 2
        }
        return .tensor(y)
      })
  }

  static let cummax: HostFunction = running(
    "cummax", "The largest element so far along an axis.", .maximum,
    "cummax([1, 3, 2, 5])  # => [1, 3, 3, 5]")
  static let cummin: HostFunction = running(
    "cummin", "The smallest element so far along an axis.", .minimum,
    "cummin([4, 5, 2, 3])  # => [4, 4, 2, 2]")

  // MARK: - Covariance

  private static let observations = P(
    "axis", "along which the observations run: 0 where they are rows", default: .optional("0"))

  static let cov: HostFunction = HostFunction(
    name: "cov", summary: "Covariances of columns: [n, d] gives [d, d].", category: "Tensors",
    parameters: [
      P("x", "observations in rows [n, d]"), observations,
      P("ddof", "what is taken off n", default: .optional("1")),
    ],
    details: ["NumPy and PyTorch have observations in columns: axis: 1."],
    examples: ["cov([[1, 2], [3, 6]])  # => [[2, 4], [4, 8]]"], isOperator: true,
    action: { call in
      let ddof = try call.number(2, default: 1)
      guard ddof >= 0 else {
        throw Problem(.value, "ddof is 0 or more, not \(NumberFormat.shortest(ddof))", argument: 2)
      }
      return .tensor(try Composed(call).covariance(ddof: ddof))
    })

  static let corr: HostFunction = HostFunction(
    name: "corr", summary: "Correlations of columns: [n, d] gives [d, d].", category: "Tensors",
    parameters: [P("x", "observations in rows [n, d]"), observations],
    details: [
      "NumPy's corrcoef has observations in columns: axis: 1. A constant column gives NaN."
    ],
    examples: ["corr([[1, 6], [2, 4], [3, 2]])  # => [[1, -1], [-1, 1]]"], isOperator: true,
    action: { call in
      let f = try Composed(call)
      let c = try f.covariance(ddof: 0)
      let width = c.shape[0]
      let row = try f(.reshape, c, with: Attributes(sizes: [width * width]))
      let spread = try f(
        .sqrt,
        f.block(row, [0], [width], steps: [width + 1]))
      let down = try f(.reshape, spread, with: Attributes(sizes: [width, 1]))
      return .tensor(try f(.divide, f(.divide, c, spread), down))
    })

  // MARK: - Counting

  static let unique: HostFunction = HostFunction(
    name: "unique", summary: "The different elements, in order.", category: "Tensors",
    parameters: [
      P("x", "a tensor"),
      P("inverse", "also where each element is among them", default: .optional("false")),
      P("counts", "also how often each occurs", default: .optional("false")),
    ],
    details: [
      "With inverse or counts the result is a tuple, in this order. NaN is equal to NaN here."
    ],
    examples: [
      "unique([3, 1, 3])  # => [1, 3]",
      "let (values, counts) = unique([3, 1, 3], counts: true)\ncounts  # => [1, 2]",
    ],
    action: { call in
      let f = try Composed(call)
      let x = f[0]
      let row = try f(.reshape, x, with: Attributes(sizes: [x.shape.count]))
      let sorted = try f(.sort, row)
      let starts = try firsts(f, sorted)
      let values = try f.graph.record(.gather, [sorted, f.graph.indices(starts[...])])
      var parts: [Value] = [.tensor(values)]
      if try call.bool(1, default: false) {
        parts.append(.tensor(try f.graph.record(.searchsorted, [values, x])))
      }
      if try call.bool(2, default: false) {
        let ends = starts.dropFirst() + [x.shape.count]
        let lengths = zip(ends, starts).map { $0 - $1 }
        parts.append(.tensor(try f.graph.indices(lengths[...])))
      }
      return parts.count == 1 ? parts[0] : .tuple(parts)
    })

  /// The places in sorted elements where another one begins.
  private static func firsts(_ f: Composed, _ sorted: Node) throws -> [Int] {
    let count = sorted.shape.count
    guard count > 1 else { return Array(0..<count) }
    let (a, b) = (try f.block(sorted, [1], [count - 1]), try f.block(sorted, [0], [count - 1]))
    var differs = try f(.notEqual, a, b)
    if sorted.dtype.isFloat { differs = try f(.logicalAnd, differs, f(.equal, b, b)) }
    return [0]
      + (try f.graph.values(differs).enumerated().compactMap { $1 != 0 ? $0 + 1 : nil })
  }

  static let bincount: HostFunction = HostFunction(
    name: "bincount", summary: Operator.bincount.summary, category: "Tensors",
    parameters: [
      P("x", "whole numbers of 0 or more"),
      P("size", "how many counts; without it as many as there are", default: .optional("none")),
    ], examples: ["bincount([0, 2, 2])  # => [1, 0, 2]", "bincount([1], size: 3)  # => [0, 1, 0]"],
    action: { call in
      let f = try Composed(call)
      var size = 0
      if call.isGiven(1) {
        size = try call.int(1)
      } else if f[0].shape.count > 0 {
        let largest = try f.graph.item(
          f(.max, f[0].dtype == .bool ? f[0].converted(to: .i64) : f[0]))
        guard let whole = Int(exactly: largest), whole < 1 << 40 else {
          throw Problem(
            .value, "bincount counts whole numbers, not \(NumberFormat.shortest(largest))",
            argument: 0)
        }
        size = Swift.max(0, whole + 1)
      }
      return try call.recording([0]) {
        .tensor(try f.graph.record(.bincount, [f[0]], Attributes(sizes: [size])))
      }
    })

  static let searchsorted: HostFunction = HostFunction(
    name: "searchsorted", summary: Operator.searchsorted.summary, category: "Tensors",
    parameters: [
      P("sorted", "a vector in order"), P("x", "a tensor"),
      P("right", "behind equal elements instead of before them", default: .optional("false")),
    ], details: ["The result is the index of the first element that is not smaller."],
    examples: [
      "searchsorted([1, 3, 5], [0, 3, 9])  # => [0, 1, 3]",
      "searchsorted([1, 3, 5], 3, right: true)  # => 2",
    ],
    isOperator: true,
    action: { call in
      let f = try Composed(call, [0, 1])
      let dtype = Promotion.meet(f[0], f[1], floats: false)
      let operands = try [f[0].converted(to: dtype), f[1].converted(to: dtype)]
      let attributes = Attributes(flag: try call.bool(2, default: false))
      return try call.recording([0, 1]) {
        .tensor(try f.graph.record(.searchsorted, operands, attributes))
      }
    })

  static let histogramCounts: HostFunction = HostFunction(
    name: "histogram_counts", summary: "How many elements lie in each of so many equal bins.",
    category: "Tensors",
    parameters: [
      P("x", "a tensor"), P("bins", "how many", default: .optional("10")),
      P("low", "the lower end; without it the smallest element", default: .optional("none")),
      P("high", "the upper end; without it the largest element", default: .optional("none")),
    ],
    details: [
      "The result is (counts, edges). A bin holds its lower edge, the last one both; NaN and what lies",
      "outside are not counted. histogram(x) draws them.",
    ],
    examples: [
      "let (counts, edges) = histogram_counts([1, 2, 2, 5], bins: 2)\ncounts  # => [3, 1]\nedges  # => [1, 3, 5]"
    ],
    action: { call in
      let f = try Composed(call)
      let bins = try call.int(1, default: 10)
      guard bins > 0, bins < 1 << 30 else {
        let limit = bins > 0 ? "less than 2^30 bins" : "at least one bin"
        throw Problem(.value, "histogram_counts wants \(limit), not \(bins)", argument: 1)
      }
      let dtype = f[0].dtype.isFloat ? f[0].dtype : f.graph.defaultDType
      let x = try f[0].converted(to: dtype)
      let isEmpty = x.shape.count == 0
      var low = call.isGiven(2) ? try call.number(2) : isEmpty ? 0 : try f.graph.item(f(.min, x))
      var high = call.isGiven(3) ? try call.number(3) : isEmpty ? 1 : try f.graph.item(f(.max, x))
      guard low.isFinite, high.isFinite, low <= high else {
        throw Problem(
          .value,
          "a histogram wants finite ends, not \(NumberFormat.shortest(low)) … "
            + NumberFormat.shortest(high), help: "give it low and high")
      }
      if low == high { (low, high) = (low - 0.5, high + 0.5) }
      let edges = try f(
        .linspace, f.graph.input(low, dtype), f.graph.input(high, dtype),
        with: Attributes(sizes: [bins + 1], dtype: dtype))
      let behind = Attributes(flag: true)
      let place = try f.graph.record(.searchsorted, [edges, x], behind)
      let isLast = try f.graph.binary(.equal, x, f.graph.input(high, dtype))
      let bin = try f(
        .whereOperator, isLast, f.graph.constant(Double(bins - 1), .i64),
        f.graph.binary(.subtract, place, f.graph.constant(1, .i64)))
      let counts = try f.graph.record(
        .bincount, [bin], Attributes(flag: true, sizes: [bins]))
      return .tuple([.tensor(counts), .tensor(edges)])
    })
}

extension Composed {
  /// Shares of operand 0 along the axis of an argument, whose `keep` is the next.
  fileprivate func quantiles(_ shares: [Double], isOne: Bool, axis place: Int) throws -> Node {
    var x = try floats
    var kept = x.shape.dims
    var axis = 0
    if call.isGiven(place), x.shape.rank > 0 {
      axis = try self.axis(place, standard: 0)
      kept[axis] = 1
    } else {
      kept = kept.map { _ in 1 }
      x = try self(.reshape, x, with: Attributes(sizes: [x.shape.count]))
    }
    let size = x.shape[axis]
    guard size > 0 else {
      throw Problem(.value, "\(call.name) wants at least one element", argument: 0)
    }
    let along = Attributes(axes: [axis])
    let sorted = try self(.sort, x, with: along)
    let places = shares.map { $0 * Double(size - 1) }
    let low = places.map { Int($0) }
    let high = places.map { Int($0.rounded(.up)) }
    let below = try graph.record(.gather, [sorted, graph.indices(low[...])], along)
    let above = try graph.record(.gather, [sorted, graph.indices(high[...])], along)
    let inner = [Int](repeating: 1, count: x.shape.rank - axis - 1)
    let weights = try graph.tensor(
      zip(places, low).map { $0 - Double($1) }, shape: [shares.count] + inner, dtype: x.dtype)
    // Where nothing lies above, an infinite element must not become NaN.
    let part = try self(.multiply, weights, self(.subtract, above, below))
    let isExact = try self(.equal, weights, number(0))
    var y = try self(.whereOperator, isExact, below, self(.add, below, part))
    let last = try graph.record(.gather, [sorted, graph.indices([size - 1][...])], along)
    y = try self(.whereOperator, self(.equal, last, last), y, last)
    let order = [axis] + (0..<x.shape.rank).filter { $0 != axis }
    y = try self(.transpose, y, with: Attributes(sizes: order))
    let keeps = try call.bool(place + 1, default: false)
    let rest = keeps ? kept : order.dropFirst().map { x.shape[$0] }
    return try self(.reshape, y, with: Attributes(sizes: (isOne ? [] : [shares.count]) + rest))
  }

  /// The covariances of what operand 0 has beside the axis of argument 1.
  fileprivate func covariance(ddof: Double) throws -> Node {
    var x = try floats
    guard x.shape.rank == 2 else {
      throw Problem(
        .shape, "\(call.name) wants a matrix of observations, not a tensor of shape \(x.shape)",
        argument: 0)
    }
    if try axis(1, standard: 0) == 1 {
      x = try self(.transpose, x, with: Attributes(sizes: [1, 0]))
    }
    let count = Double(x.shape[0])
    let mean = try self(.mean, x, with: Attributes(axes: [0], keep: true))
    let centered = try self(.subtract, x, mean)
    let turned = try self(.transpose, centered, with: Attributes(sizes: [1, 0]))
    return try self(.divide, self(.matmul, turned, centered), number(Swift.max(0, count - ddof)))
  }
}
