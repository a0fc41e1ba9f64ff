// A decision tree drawn: as text, and as SVG.

import Diagnostics
import Engine
import Interpreter

/// What can be saved as an SVG picture.
protocol SVGPicture: ForeignObject {
  var svg: String { get }
}

final class TreePicture: SVGPicture {
  private let tree: GrownTree
  private let names: [String]?
  private let classes: [String]?
  private let depth: Int

  /// - Parameter classes: nil for a tree of numbers.
  init(_ tree: GrownTree, names: [String]?, classes: [String]?, depth: Int) {
    (self.tree, self.names, self.classes, self.depth) = (tree, names, classes, depth)
  }

  var typeName: String { "picture" }

  private static func short(_ x: Double) -> String {
    NumberFormat.shortest(Double(NumberFormat.significant(x, digits: 4)) ?? x)
  }

  private func question(_ node: Int) -> String {
    let column = Int(tree.feature[node])
    return "\(names?[column] ?? "x[\(column)]") ≤ \(TreePicture.short(tree.threshold[node]))"
  }

  private func answer(_ node: Int) -> String {
    let values = tree.value[node * tree.width..<(node + 1) * tree.width]
    guard let classes else { return TreePicture.short(values[values.startIndex]) }
    let best = values.indices.max { values[$0] < values[$1] } ?? values.startIndex
    return classes[best - values.startIndex]
  }

  private func figures(_ node: Int) -> String {
    let name = classes == nil ? "variance" : "impurity"
    return "\(counted(Int(tree.weight[node]), "row")), \(name) "
      + TreePicture.short(tree.impurity[node])
  }

  private func isLeaf(_ node: Int, _ level: Int) -> Bool {
    tree.feature[node] < 0 || level >= depth
  }

  // MARK: - Text

  /// Text is drawn so many questions deep at most: each one moves the lines below it to the right, so that
  /// a chain of thousands would be a triangle of hundreds of megabytes that nobody can read.
  private static let deepestText = 32

  func describe(_ session: Session) throws -> StyledText {
    var text = StyledText("")
    // Below a question stand its two answers; of each the lines that go on beside it.
    var stack: [(node: Int, level: Int, stem: String, branch: String, rest: String)] = [
      (0, 0, "", "", "")
    ]
    var isFirst = true
    while let (node, level, stem, branch, rest) = stack.popLast() {
      text.append((isFirst ? "" : "\n") + stem + branch)
      isFirst = false
      guard !isLeaf(node, level), level < TreePicture.deepestText else {
        text.append(answer(node), .strong)
        text.append("  # \(figures(node))\(hidden(node))")
        continue
      }
      text.append(question(node) + "?")
      let next = stem + rest
      stack.append((Int(tree.right[node]), level + 1, next, "└─ no  ", "       "))
      stack.append((node + 1, level + 1, next, "├─ yes ", "│      "))
    }
    return text
  }

  /// What stands below a node where the text ends: `, … 7 leaves below, 3 questions deep`.
  private func hidden(_ node: Int) -> String {
    guard tree.feature[node] >= 0 else { return "" }
    let (leaves, depth) = tree.extent(below: node)
    return ", … \(leaves) leaves below, \(counted(depth, "question")) deep"
  }

  // MARK: - SVG

  private struct Box {
    let node: Int
    let level: Int
    var x: Double
    let children: [Int]
  }

  /// Boxes with the places of their children among them; leaves side by side, others above the middle.
  private func boxes() -> [Box] {
    var boxes: [Box] = []
    var next = 0.0
    // A box is made when those of both children are there.
    var stack: [(node: Int, level: Int, isDone: Bool)] = [(0, 0, false)]
    var made: [Int] = []
    while let (node, level, isDone) = stack.popLast() {
      if isLeaf(node, level) {
        boxes.append(Box(node: node, level: level, x: next, children: []))
        made.append(boxes.count - 1)
        next += 1
      } else if isDone {
        let children = Array(made.suffix(2))
        made.removeLast(2)
        let x = children.reduce(0) { $0 + boxes[$1].x } / 2
        boxes.append(Box(node: node, level: level, x: x, children: children))
        made.append(boxes.count - 1)
      } else {
        stack.append((node, level, true))
        stack.append((Int(tree.right[node]), level + 1, false))
        stack.append((node + 1, level + 1, false))
      }
    }
    return boxes
  }

  var svg: String {
    let boxes = boxes()
    let texts = boxes.map { box in
      isLeaf(box.node, box.level)
        ? [answer(box.node), figures(box.node)] : [question(box.node), figures(box.node)]
    }
    let letters = texts.joined().map(\.count).max() ?? 10
    let (width, height) = (Double(letters) * 6.6 + 16, 40.0)
    let (across, down) = (width + 12, height + 36)
    let columns = (boxes.map(\.x).max() ?? 0) + 1
    let levels = Double((boxes.map(\.level).max() ?? 0) + 1)
    let place = { (box: Box) in
      (x: 12 + box.x * across + width / 2, y: 12 + Double(box.level) * down)
    }
    var svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(TreePicture.short(columns * across + 12))\" "
      + "height=\"\(TreePicture.short(levels * down - 12))\" font-family=\"sans-serif\" "
      + "font-size=\"11\" text-anchor=\"middle\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    for box in boxes {
      let (x, y) = place(box)
      for (side, child) in box.children.enumerated() {
        let (a, b) = place(boxes[child])
        svg += "<path d=\"M\(at(x)) \(at(y + height))L\(at(a)) \(at(b))\" stroke=\"#888\"/>\n"
        let (mx, my) = ((x + a) / 2 + (side == 0 ? -8 : 8), (y + height + b) / 2)
        svg +=
          "<text x=\"\(at(mx))\" y=\"\(at(my))\" fill=\"#666\" text-anchor=\"\(side == 0 ? "end" : "start")\">\(side == 0 ? "yes" : "no")</text>\n"
      }
    }
    for (box, text) in zip(boxes, texts) {
      let (x, y) = place(box)
      svg +=
        "<rect x=\"\(at(x - width / 2))\" y=\"\(at(y))\" width=\"\(at(width))\" height=\"\(at(height))\" rx=\"5\" fill=\"\(color(box))\" stroke=\"#666\"/>\n"
      for (line, words) in text.enumerated() {
        let weight = line == 0 ? " font-weight=\"bold\"" : ""
        svg +=
          "<text x=\"\(at(x))\" y=\"\(at(y + 16 + 15 * Double(line)))\"\(weight)>\(escaped(words))</text>\n"
      }
    }
    return svg + "</svg>\n"
  }

  private func at(_ x: Double) -> String { NumberFormat.shortest((x * 10).rounded() / 10) }

  private func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "<": result += "&lt;"
      case "&": result += "&amp;"
      case ">": result += "&gt;"
      default: result.append(character)
      }
    }
    return result
  }

  /// Leaves in the colour of their class (Okabe and Ito), lighter; questions white.
  private func color(_ box: Box) -> String {
    guard isLeaf(box.node, box.level) else { return "#ffffff" }
    guard classes != nil else { return "#e8f1fa" }
    let values = tree.value[box.node * tree.width..<(box.node + 1) * tree.width]
    let best = values.indices.max { values[$0] < values[$1] } ?? values.startIndex
    let colors = [
      "#cfe6f5", "#fbe3b4", "#bfe8d9", "#f6d0dd", "#fdf3b0", "#d5d9f2", "#f8cfb3", "#dddddd",
    ]
    return colors[(best - values.startIndex) % colors.count]
  }
}
