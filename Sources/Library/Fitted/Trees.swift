// Decision trees and random forests.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum TreeFunctions {
  static let all: [HostFunction] = [
    decisionTree, regressionTree, randomForest, regressionForest, treePicture,
  ]
  static let kinds: [FittedKind] = [
    kind("decision_tree", "tree", isForest: false, ofClasses: true),
    kind("regression_tree", "tree", isForest: false, ofClasses: false),
    kind("random_forest", "forest", isForest: true, ofClasses: true),
    kind("regression_forest", "forest", isForest: true, ofClasses: false),
  ]
  private typealias P = HostFunction.Parameter

  // MARK: - Kinds

  private static let classNumber: FittedKind.Computed = (
    "classes", { object, _ in .number(Double(object.sizes[1])) }
  )
  /// What trees of every kind tell about themselves.
  private static let shape: [FittedKind.Computed] = [
    (
      "depth",
      { object, _ in .number(Double(try Trees.of(object).items.map(\.depth).max() ?? 0)) }
    ),
    (
      "leaves",
      { object, _ in .number(Double(try Trees.of(object).items.reduce(0) { $0 + $1.leaves })) }
    ),
    (
      "importances",
      { object, session in
        let trees = try Trees.of(object).items
        // A file can claim any number of columns.
        try session.reserve(object.columns, MemoryLayout<Double>.stride)
        var sums = [Double](repeating: 0, count: object.columns)
        for tree in trees {
          for (column, share) in tree.importances { sums[column] += share / Double(trees.count) }
        }
        return .tensor(try session.graph.tensor(sums, shape: [sums.count], dtype: object.dtype))
      }
    ),
  ]

  /// Sizes: columns, classes (1 number a leaf in regression), nodes, trees.
  private static func kind(
    _ name: String, _ typeName: String, isForest: Bool, ofClasses: Bool
  ) -> FittedKind {
    FittedKind(
      name, typeName: typeName, sizeCount: 4, fields: isForest ? ["oob"] : [],
      computed: (ofClasses ? [classNumber] : []) + shape,
      parts: { sizes in
        let nodes = sizes[2]
        return ["feature", "threshold", "right", "weight", "impurity"].map { ($0, [nodes]) }
          + [("value", [nodes, sizes[1]]), ("starts", [sizes[3]])]
          + (isForest ? [("oob", [])] : [])
      },
      fault: { object, part, values in
        let nodes = max(1, object.sizes[2])
        let limits = [
          "feature": -1..<object.sizes[0], "right": 0..<nodes, "starts": 0..<nodes,
          "weight": 1..<(1 << 53),
        ]
        guard let limit = limits[part] else { return nil }
        let wrong = values.firstIndex { Int(exactly: $0).map { !limit.contains($0) } ?? true }
        return wrong.map {
          "is no part of a tree: its element \($0) is \(NumberFormat.shortest(values[$0]))"
        }
      },
      summary: { object in
        let trees = object.sizes[3] == 1 ? "" : "\(counted(object.sizes[3], "tree")), "
        return trees + "\(counted(object.columns, "column")), \(counted(object.sizes[2], "node"))"
          + (ofClasses ? ", \(counted(object.sizes[1], "class", "classes"))" : "")
      },
      apply: { object, x in
        try object.check(x)
        let graph = x.graph
        let values = try graph.values(x)
        if let place = values.firstIndex(where: \.isNaN) {
          throw Problem(
            .data,
            "row \(place / object.columns) of {0} is nan in column \(place % object.columns); "
              + "fill(…) puts numbers into gaps", argument: 0)
        }
        let dims = object.columns == 1 && x.shape.rank < 2 ? x.shape.dims : x.shape.dims.dropLast()
        let width = object.sizes[1]
        let result = Forest.predict(
          try Trees.of(object).items, values, columns: object.columns, width: width)
        try Graph.checkInterrupt()
        return .tensor(
          try graph.tensor(result, shape: ofClasses ? dims + [width] : dims, dtype: x.dtype))
      })
  }

  // MARK: - Functions

  private static let rows = P("x", "rows [n, d], a tensor or a table")
  private static let classes = P("y", "class numbers [n]")
  private static let numbers = P("y", "numbers [n]")
  private static let growth = [
    P("depth", "how many questions a row is asked at most", default: .optional("none")),
    P("leaf", "rows that a leaf has at least", default: .optional("1")),
    P("split", "rows that are divided further, at least", default: .optional("2")),
  ]
  private static let fields =
    "Fields: depth, leaves, and importances, the share of each column in what the questions sort out."
  private static let classField =
    "classes is how many classes there are: one more than the largest number in y."

  static let decisionTree: HostFunction = HostFunction(
    name: "decision_tree", summary: "A tree of questions that sorts rows into classes.",
    category: "Classical",
    parameters: [
      rows, classes,
      P("criterion", "\"gini\" or \"entropy\"", default: .optional("\"gini\"")),
    ] + growth + [
      P("pruning", "what a leaf costs, in units of impurity (ccp_alpha)", default: .optional("0"))
    ],
    details: [
      "Called with rows it gives the shares of the classes in their leaves [n, k]. CART as scikit-learn's;",
      "of equal splits the first column and the lowest threshold is taken. tree_picture draws it.",
      fields, classField,
    ],
    examples: [
      "let t = decision_tree([[1, 5], [2, 4], [3, 9]], [0, 0, 1])\nt([[0, 6.9], [0, 7.1]])  # => [[1, 0], [0, 1]]\n(t.classes, t.depth, t.leaves)  # => (2, 1, 2)",
      "decision_tree([[1], [2]], [0, 0.5])  # error: value",
    ],
    action: { call in try grown(call, kinds[0], criterionAt: 2, growthAt: 3, pruningAt: 6) })

  static let regressionTree: HostFunction = HostFunction(
    name: "regression_tree", summary: "A tree of questions that foretells a number.",
    category: "Classical",
    parameters: [rows, numbers] + growth + [
      P("pruning", "what a leaf costs, in units of impurity (ccp_alpha)", default: .optional("0"))
    ],
    details: [
      "Called with rows it gives the mean of their leaves [n]; splits make squared errors small.",
      fields,
    ],
    examples: [
      "let t = regression_tree([[1], [2], [3]], [1, 1, 4])\nt([[0], [9]])  # => [1, 4]"
    ],
    action: { call in try grown(call, kinds[1], growthAt: 2, pruningAt: 5) })

  private static let many = [
    P("trees", "how many", default: .optional("100")),
    P("features", "columns that a split may choose from", default: .optional("the root of all")),
  ]
  private static let drawn = [
    "Each tree grows on rows drawn with replacement, each split looks at some columns at random; the",
    "results are means of the trees (Breiman 2001). oob judges every row by the trees that did not see it.",
    fields,
  ]

  static let randomForest: HostFunction = HostFunction(
    name: "random_forest", summary: "Many trees on drawn rows and columns that vote on classes.",
    category: "Classical", parameters: [rows, classes] + many + growth,
    details: ["Called with rows it gives shares of classes [n, k]; oob is an accuracy."] + drawn
      + [classField],
    examples: [
      "seed(1)\nlet (x, y) = moons(200)\nlet f = random_forest(x, y, trees: 20)\naccuracy(f(x), y) > 0.97  # => true"
    ],
    action: { call in try forest(call, kinds[2]) })

  static let regressionForest: HostFunction = HostFunction(
    name: "regression_forest", summary: "Many trees on drawn rows that foretell a number.",
    category: "Classical",
    parameters: [
      rows, numbers, many[0],
      P("features", "columns that a split may choose from", default: .optional("a third")),
    ] + growth,
    details: ["Called with rows it gives numbers [n]; oob is an R²."] + drawn,
    examples: [
      "seed(1)\nlet x = rand(200, 1)\nlet f = regression_forest(x, x[.., 0]^2, trees: 20)\nr2(f(x), x[.., 0]^2) > 0.98  # => true"
    ],
    action: { call in try forest(call, kinds[3]) })

  private static func options(_ call: Call, _ kind: FittedKind, growthAt place: Int) throws
    -> TreeOptions
  {
    var options = TreeOptions(criterion: kind.name.hasPrefix("regression") ? .squared : .gini)
    let least = { (place: Int, standard: Int, least: Int) throws -> Int in
      guard call.isGiven(place) else { return standard }
      let value = try call.int(place)
      guard value >= least else {
        throw Problem(
          .value, "\(call.parameters[place].name) is at least \(least), not \(value)",
          argument: place)
      }
      return value
    }
    options.depth = try least(place, .max, 0)
    options.leaf = try least(place + 1, 1, 1)
    options.split = try least(place + 2, 2, 2)
    return options
  }

  private static func grown(
    _ call: Call, _ kind: FittedKind, criterionAt: Int? = nil, growthAt: Int, pruningAt: Int
  ) throws -> Value {
    let data = try TrainingRows(call, ofClasses: criterionAt != nil)
    var options = try options(call, kind, growthAt: growthAt)
    if let place = criterionAt, call.isGiven(place) {
      let word = try call.string(place)
      guard let criterion = TreeOptions.Criterion(rawValue: word), criterion != .squared else {
        throw Problem(
          .value, "criterion is \"gini\" or \"entropy\", not \"\(word)\"", argument: place)
      }
      options.criterion = criterion
    }
    options.pruning = try call.number(pruningAt, default: 0)
    guard options.pruning >= 0 else {
      throw Problem(
        .value, "pruning is a number from 0, not \(NumberFormat.shortest(options.pruning))",
        argument: pruningAt)
    }
    let tree = TreeGrower.grow(data.rows, options, random: call.session.graph.random)
    try Graph.checkInterrupt()
    return .foreign(Trees([tree]).object(kind, data))
  }

  private static func forest(_ call: Call, _ kind: FittedKind) throws -> Value {
    let ofClasses = kind.name == "random_forest"
    let data = try TrainingRows(call, ofClasses: ofClasses)
    var options = try options(call, kind, growthAt: 4)
    let count = try call.int(2, default: 100)
    guard count > 0, count <= 65_535 else {
      throw Problem(.value, "trees is 1 to 65 535, not \(count)", argument: 2)
    }
    let all = data.rows.columns
    let root = Int(Double(all).squareRoot())
    options.features = try call.int(3, default: ofClasses ? max(1, root) : max(1, all / 3))
    guard options.features > 0 else {
      throw Problem(.value, "features is at least 1, not \(options.features)", argument: 3)
    }
    let random = call.session.graph.random.nextUniform()
    let grown = Forest.grow(
      data.rows, options, trees: count, isDrawn: true, x: data.values, seed: random.bitPattern)
    try Graph.checkInterrupt()
    let object = Trees(grown.trees).object(kind, data)
    object["oob"] = [data.score(grown.unseen, grown.counts)]
    return .foreign(object)
  }

  static let treePicture: HostFunction = HostFunction(
    name: "tree_picture", summary: "Draws a tree: its questions, rows and answers.",
    category: "Classical",
    parameters: [
      P("tree", "a decision_tree or a regression_tree"),
      P("names", "what the columns are called", default: .optional("none")),
      P("classes", "what the classes are called", default: .optional("none")),
      P("depth", "how many questions deep", default: .optional("none")),
    ],
    details: [
      "Printed it is text: of every leaf the answer, how many rows it has and how impure they are; below",
      "32 questions, or depth, it says how many leaves are left out.",
      "save(tree_picture(t), \"tree.svg\") draws it with boxes and lines.",
    ],
    examples: [
      "let t = decision_tree([[1], [2]], [0, 1])\nprint(tree_picture(t, names: [\"size\"], classes: [\"cat\", \"dog\"]))"
    ],
    action: { call in
      guard case .foreign(let object as FittedObject) = call.value(0),
        ["decision_tree", "regression_tree"].contains(object.kind.name),
        let tree = try Trees.of(object).items.first
      else {
        throw Problem(
          .type,
          "tree_picture draws a decision_tree or a regression_tree, not "
            + call.value(0).typePhrase, argument: 0)
      }
      let words = { (place: Int, count: Int) throws -> [String]? in
        guard call.isGiven(place) else { return nil }
        let words = try call.elements(place).map { try call.session.display($0) }
        guard words.count >= count else {
          throw Problem(
            .value,
            "\(call.parameters[place].name) has \(words.count) words; the tree has \(count)",
            argument: place)
        }
        return words
      }
      let isOfClasses = object.kind.name == "decision_tree"
      return .foreign(
        TreePicture(
          tree, names: try words(1, object.columns),
          classes: isOfClasses
            ? try words(2, object.sizes[1]) ?? (0..<object.sizes[1]).map { "class \($0)" } : nil,
          depth: try call.isGiven(3) ? max(0, call.int(3)) : .max))
    })
}

/// What trees are grown on.
private struct TrainingRows {
  let rows: TreeData
  let values: [Double]
  let dtype: DType
  private let classes: [Int]
  private let targets: [Double]

  init(_ call: Call, ofClasses: Bool) throws {
    let pair = try DataPair(call, x: 0, y: 1)
    let graph = call.session.graph
    guard pair.x.shape.rank == 2, pair.x.shape[1] > 0, pair.rows < 1 << 28 else {
      throw Problem(
        .shape, "\(call.name) wants rows of numbers [n, d], not the shape \(pair.x.shape)",
        argument: 0)
    }
    values = try graph.values(pair.x)
    dtype = pair.x.dtype.isFloat ? pair.x.dtype : graph.defaultDType
    if let wrong = values.firstIndex(where: { !$0.isFinite }) {
      throw Problem(
        .data,
        "row \(wrong / pair.x.shape[1]) of {0} is not finite; fill(…) puts numbers into gaps",
        argument: 0)
    }
    let columns = pair.x.shape[1]
    guard ofClasses else {
      guard pair.y.shape.count == pair.rows else {
        throw Problem(
          .shape, "\(call.name) wants a number for each row, [n], not \(pair.y.shape)", argument: 1)
      }
      targets = try graph.values(pair.y)
      classes = []
      if let wrong = targets.firstIndex(where: { !$0.isFinite }) {
        throw Problem(.data, "row \(wrong) of {1} is not finite", argument: 1)
      }
      rows = TreeData(values, columns: columns, targets: targets)
      try Graph.checkInterrupt()
      return
    }
    classes = try ClassNumbers.of(pair.y, call, argument: 1)
    targets = []
    let count = (classes.max() ?? 0) + 1
    guard count <= 4096 else {
      throw Problem(
        .value, "there are \(count) classes, which are too many for a tree", argument: 1,
        help: "regression_tree foretells numbers")
    }
    rows = TreeData(values, columns: columns, classes: classes, classCount: count)
    try Graph.checkInterrupt()
  }

  /// How good the means of the trees are that did not see a row: an accuracy, or an R².
  func score(_ sums: [Double], _ counts: [Double]) -> Double {
    let seen = counts.indices.filter { counts[$0] > 0 }
    guard !seen.isEmpty else { return 0 }
    let width = max(1, rows.classCount)
    if rows.classCount > 0 {
      let right = seen.filter { row in
        let own = sums[row * width..<(row + 1) * width]
        return own.firstIndex(of: own.max() ?? 0) == row * width + classes[row]
      }
      return Double(right.count) / Double(seen.count)
    }
    let mean = seen.reduce(0) { $0 + targets[$1] } / Double(seen.count)
    let (rest, all) = seen.reduce((0.0, 0.0)) { sum, row in
      let (error, distance) = (sums[row] / counts[row] - targets[row], targets[row] - mean)
      return (sum.0 + error * error, sum.1 + distance * distance)
    }
    return all > 0 ? 1 - rest / all : 0
  }
}

/// The trees of a fitted object.
private final class Trees {
  let items: [GrownTree]
  init(_ items: [GrownTree]) { self.items = items }

  /// Made once of its numbers, and checked: those of a file may be anything.
  static func of(_ object: FittedObject) throws -> Trees {
    if let trees = object.prepared as? Trees { return trees }
    let (nodes, width) = (object.sizes[2], object.sizes[1])
    let starts = object["starts"].map { Int($0) }
    let damaged = Problem(.data, "this \(object.kind.typeName) is damaged: its nodes are no tree")
    guard nodes > 0, starts.first == 0 else { throw damaged }
    let (feature, right) = (object["feature"], object["right"])
    let trees = try starts.indices.map { index -> GrownTree in
      let (start, end) = (starts[index], index + 1 < starts.count ? starts[index + 1] : nodes)
      guard start < end else { throw damaged }
      var tree = GrownTree(width: width)
      // In preorder: a right child stands where its left brother's part ends, so that no node has two
      // parents and every way ends.
      var awaited: [Int] = []
      for node in 0..<end - start {
        let (column, child) = (feature[start + node], Int(right[start + node]))
        if column >= 0 {
          guard child > node + 1, child < end - start else { throw damaged }
          awaited.append(child)
        } else if awaited.popLast() != (node + 1 < end - start ? node + 1 : nil) {
          throw damaged
        }
        tree.feature.append(Int32(column))
        tree.right.append(Int32(child))
      }
      tree.threshold = Array(object["threshold"][start..<end])
      tree.weight = Array(object["weight"][start..<end])
      tree.impurity = Array(object["impurity"][start..<end])
      tree.value = Array(object["value"][start * width..<end * width])
      return tree
    }
    let result = Trees(trees)
    object.prepared = result
    return result
  }

  func object(_ kind: FittedKind, _ data: TrainingRows) -> FittedObject {
    let nodes = items.reduce(0) { $0 + $1.count }
    var starts: [Double] = []
    var next = 0
    for tree in items {
      starts.append(Double(next))
      next += tree.count
    }
    let object = FittedObject(
      kind, sizes: [data.rows.columns, items[0].width, nodes, items.count], dtype: data.dtype,
      numbers: [
        "feature": items.flatMap { $0.feature.map(Double.init) },
        "threshold": items.flatMap(\.threshold),
        "right": items.flatMap { $0.right.map(Double.init) },
        "weight": items.flatMap(\.weight), "impurity": items.flatMap(\.impurity),
        "value": items.flatMap(\.value), "starts": starts,
      ])
    return object
  }
}
