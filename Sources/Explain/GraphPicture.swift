// The graph of a value as a picture: a tree for the terminal, boxes and edges as SVG.

import Autodiff
import Diagnostics
import Engine

/// Steps and what they are made of.
package struct GraphPicture {
  struct Box {
    let title: String
    let detail: String
    let isStep: Bool
    /// Indices of boxes that it is made of, in order.
    var inputs: [Int] = []
    /// The size of the gradient that arrives, relative to the largest.
    var weight = 0.0
    var column = 0
  }

  private(set) var boxes: [Box] = []

  package init(_ walk: Walk) {
    var places: [Int: Int] = [:]
    let sizes = walk.steps.map { $0.gradient.map(Health.size) ?? 0 }
    let largest = max(sizes.filter(\.isFinite).max() ?? 1, .leastNormalMagnitude)
    for (step, size) in zip(walk.steps, sizes) {
      var inputs: [Int] = []
      let inside = Set(step.members.map(\.serial))
      for input in step.members.flatMap(\.inputs)
      where !input.isNumber && !inside.contains(input.serial) {
        if places[input.serial] == nil {
          places[input.serial] = boxes.count
          let kind = input.version != nil ? "param" : "data"
          boxes.append(
            Box(title: walk.names.name(input), detail: "\(kind) \(input.shape)", isStep: false))
        }
        if let place = places[input.serial], !inputs.contains(place) { inputs.append(place) }
      }
      var box = Box(
        title: "\(step.name) = \(step.formula)", detail: "\(step.node.shape)", isStep: true)
      box.inputs = inputs
      box.weight = size.isFinite ? size / largest : 1
      box.column = (inputs.map { boxes[$0].column }.max() ?? -1) + 1
      places[step.node.serial] = boxes.count
      boxes.append(box)
    }
  }

  // MARK: - Terminal

  /// The loss at the top, what it is made of below it; what stands further up already is not
  /// repeated.
  package func render(_ layout: WalkLayout) -> StyledText {
    var writer = WalkWriter(layout)
    var seen: Set<Int> = []
    if !boxes.isEmpty { append(boxes.count - 1, "", "", &seen, &writer) }
    return writer.text
  }

  private func append(
    _ index: Int, _ branch: String, _ below: String, _ seen: inout Set<Int>,
    _ writer: inout WalkWriter
  ) {
    let box = boxes[index]
    let isNew = seen.insert(index).inserted
    writer.put(branch, .dim)
    writer.put(box.title, box.isStep ? .name : .strong)
    writer.flow("  \(box.detail)", .dim, indent: TextWidth.columns(of: below))
    if !isNew, !box.inputs.isEmpty { writer.put("  (above)", .dim) }
    writer.end()
    guard isNew else { return }
    for (place, input) in box.inputs.enumerated() {
      let isLast = place == box.inputs.count - 1
      // A long chain keeps its place on the screen.
      let isDeep = below.count > writer.layout.width / 2
      append(
        input, below + (isDeep ? "" : isLast ? "└ " : "├ "),
        below + (isDeep ? "" : isLast ? "  " : "│ "), &seen, &writer)
    }
  }

  // MARK: - SVG

  /// Boxes in columns from the data to the loss, edges as wide as the gradient that comes back.
  package var svg: String {
    let widths = (0...(boxes.map(\.column).max() ?? 0)).map { column in
      boxes.filter { $0.column == column }.map { GraphPicture.width($0) }.max() ?? 0
    }
    var rows = [Int](repeating: 0, count: widths.count)
    var places: [(x: Int, y: Int, width: Int)] = []
    for box in boxes {
      let x = 20 + widths.prefix(box.column).reduce(0) { $0 + $1 + 60 }
      places.append((x, 20 + rows[box.column] * 64, GraphPicture.width(box)))
      rows[box.column] += 1
    }
    let width = 40 + widths.reduce(0) { $0 + $1 + 60 } - 60
    let height = 24 + (rows.max() ?? 0) * 64
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" font-family="monospace" font-size="13">
      <rect width="100%" height="100%" fill="white"/>

      """
    for (index, box) in boxes.enumerated() {
      for input in box.inputs {
        let (from, to) = (places[input], places[index])
        let (x1, y1, x2, y2) = (from.x + from.width, from.y + 22, to.x, to.y + 22)
        let middle = (x1 + x2) / 2
        let stroke = NumberFormat.fixed(1 + 4 * box.weight.squareRoot(), digits: 1)
        text +=
          "<path d=\"M\(x1) \(y1) C\(middle) \(y1) \(middle) \(y2) \(x2) \(y2)\" fill=\"none\" "
          + "stroke=\"#7a8aa0\" stroke-width=\"\(stroke)\"/>\n"
      }
    }
    for (box, place) in zip(boxes, places) {
      let fill = box.isStep ? "#eef3fb" : box.detail.hasPrefix("param") ? "#fdf3dc" : "#f2f2f2"
      text +=
        "<rect x=\"\(place.x)\" y=\"\(place.y)\" width=\"\(place.width)\" height=\"44\" rx=\"6\" "
        + "fill=\"\(fill)\" stroke=\"#55657a\"/>\n"
        + "<text x=\"\(place.x + 8)\" y=\"\(place.y + 19)\">\(GraphPicture.escaped(box.title))</text>\n"
        + "<text x=\"\(place.x + 8)\" y=\"\(place.y + 36)\" fill=\"#667\">"
        + "\(GraphPicture.escaped(box.detail))</text>\n"
    }
    return text + "</svg>\n"
  }

  private static func width(_ box: Box) -> Int {
    16 + 8 * max(TextWidth.columns(of: box.title), TextWidth.columns(of: box.detail))
  }

  static func escaped(_ text: String) -> String {
    var result = ""
    for c in text {
      switch c {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      default: result.append(c)
      }
    }
    return result
  }
}
