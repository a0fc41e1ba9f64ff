// einsum: sums of products over named axes, as transposes, products and sums.

import Autodiff
import Engine
import Interpreter

enum EinsumFunctions {
  static let all: [HostFunction] = [einsum]

  static let einsum: HostFunction = HostFunction(
    name: "einsum", summary: "Sums of products over axes named by letters: \"ij,jk->ik\" is @.",
    category: "Tensors",
    parameters: [
      HostFunction.Parameter(
        "equation", "letters for the axes of each operand -> of the result; ... for further axes"),
      HostFunction.Parameter("x", "the operands", default: .rest),
    ],
    examples: [
      "einsum(\"ij,jk->ik\", [[1, 2]], [[3], [4]])  # => [[11]]",
      "einsum(\"ii->i\", [[1, 2], [3, 4]])  # => [1, 4]",
      "einsum(\"...i,i\", [[1, 2], [3, 4]], [1, 1])  # => [3, 7]",
    ],
    action: { call in
      let operands = try call.spread(1)
      var equation = try Equation(call.string(0), operands)
      return .tensor(try equation.record(operands, call.session.graph))
    })
}

/// A parsed equation: letters of the operands and of the result, sizes of the letters.
private struct Equation {
  private var inputs: [[Character]]
  private let output: [Character]
  private var sizes: [Character: Int] = [:]

  init(_ text: String, _ operands: [Node]) throws {
    let sides = text.filter { $0 != " " }.split(separator: "->", omittingEmptySubsequences: false)
    guard sides.count <= 2 else {
      throw Problem(.value, "an equation of einsum has at most one ->", argument: 0)
    }
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
    guard terms.count == operands.count else {
      throw Problem(
        .value, "the equation names \(terms.count) operands, there are \(operands.count)",
        argument: 0)
    }
    let spare = zip(terms, operands).map { term, operand in
      term.contains("...") ? max(0, operand.shape.rank - term.count + 3) : 0
    }
    let most = spare.max() ?? 0
    inputs = []
    for (index, (term, operand)) in zip(terms, operands).enumerated() {
      let letters = try Equation.letters(term, Equation.unnamed(most).suffix(spare[index]))
      guard letters.count == operand.shape.rank else {
        throw Problem(
          .shape,
          "'\(term)' names \(letters.count) axes of a tensor of shape \(operand.shape)", argument: 0
        )
      }
      inputs.append(letters)
      for (axis, letter) in letters.enumerated() {
        let (size, known) = (operand.shape[axis], sizes[letter])
        guard known == nil || known == size || letter.isNumber && (known == 1 || size == 1) else {
          throw Problem(
            .shape,
            "the axes '\(letter.isNumber ? "..." : String(letter))' have the sizes "
              + "\(known ?? 0) and \(size)", argument: 0)
        }
        if known == nil || known == 1 { sizes[letter] = size }
      }
    }
    if sides.count == 2 {
      output = try Equation.letters(sides[1], Equation.unnamed(most)[...])
    } else {
      // What stands once stays, in the order of the alphabet.
      let all = inputs.flatMap { $0 }
      let single = Set(all).filter { letter in
        letter.isLetter && all.count { $0 == letter } == 1
      }
      output = Equation.unnamed(most) + single.sorted()
    }
    guard Set(output).count == output.count, output.allSatisfy({ sizes[$0] != nil }) else {
      throw Problem(.value, "the result's letters stand once each among the operands'", argument: 0)
    }
    guard output.count <= Shape.maximumRank else {
      throw Problem(
        .shape,
        "a tensor has at most \(Shape.maximumRank) axes; the result would have \(output.count)",
        argument: 0)
    }
  }

  /// Names for the axes that `...` stands for.
  private static func unnamed(_ count: Int) -> [Character] { Array("01234567".prefix(count)) }

  private static func letters(_ term: Substring, _ unnamed: ArraySlice<Character>) throws
    -> [Character]
  {
    let parts = term.split(separator: "...", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ $0.allSatisfy(\.isLetter) }) else {
      throw Problem(.value, "'\(term)' is no row of letters with one ... at most", argument: 0)
    }
    return Array(parts[0]) + (parts.count == 2 ? Array(unnamed) + Array(parts[1]) : [])
  }

  /// Axes of size 1 that `...` stretches are left out: the product repeats them.
  private mutating func squeezed(_ node: Node, _ index: Int, _ graph: Graph) throws -> Node {
    let kept = inputs[index].indices.filter { axis in
      !inputs[index][axis].isNumber || node.shape[axis] == sizes[inputs[index][axis]]
    }
    if kept.count == inputs[index].count { return node }
    inputs[index] = kept.map { inputs[index][$0] }
    return try graph.record(.reshape, [node], Attributes(sizes: kept.map { node.shape[$0] }))
  }

  /// Every operand with all letters as axes (size 1 where it has none), multiplied and summed; two
  /// operands with a common letter to sum go through the matrix product.
  mutating func record(_ operands: [Node], _ graph: Graph) throws -> Node {
    var nodes: [Node] = []
    for (index, operand) in operands.enumerated() {
      let squeezed = try squeezed(operand, index, graph)
      let (node, letters) = try diagonal(squeezed, inputs[index], graph)
      nodes.append(node)
      inputs[index] = letters
    }
    var result = nodes[0]
    var letters = inputs[0]
    for (index, node) in nodes.enumerated().dropFirst() {
      let later = Set(inputs[(index + 1)...].flatMap { $0 } + output)
      (result, letters) = try product(result, letters, node, inputs[index], keep: later, graph)
    }
    let extra = letters.indices.filter { !output.contains(letters[$0]) }
    if !extra.isEmpty {
      result = try graph.record(.sum, [result], Attributes(axes: extra))
      letters = letters.filter(output.contains)
    }
    return try permuted(result, letters, to: output, graph)
  }

  private func permuted(
    _ node: Node, _ letters: [Character], to order: [Character], _ graph: Graph
  ) throws -> Node {
    if letters == order { return node }
    let places = order.map { letters.firstIndex(of: $0) ?? 0 }
    return try graph.record(.transpose, [node], Attributes(sizes: places))
  }

  /// One axis for a letter that stands twice: its diagonal.
  private func diagonal(_ node: Node, _ letters: [Character], _ graph: Graph) throws -> (
    Node, [Character]
  ) {
    guard let letter = letters.first(where: { x in letters.filter { $0 == x }.count > 1 }),
      let size = sizes[letter]
    else { return (node, letters) }
    let places = letters.indices.filter { letters[$0] == letter }.prefix(2)
    let rest = letters.indices.filter { !places.contains($0) }
    let turned = try graph.record(.transpose, [node], Attributes(sizes: Array(places) + rest))
    let dims = rest.map { node.shape[$0] }
    let flat = try graph.record(.reshape, [turned], Attributes(sizes: [size * size] + dims))
    let picks = (0..<size).map { Double($0 * (size + 1)) }
    let index = try graph.tensor(picks, shape: [size], dtype: .i64)
    let picked = try graph.record(.gather, [flat, index])
    return try diagonal(picked, [letter] + rest.map { letters[$0] }, graph)
  }

  /// Two operands as [batch, free, summed] and [batch, summed, free].
  private func product(
    _ a: Node, _ aLetters: [Character], _ b: Node, _ bLetters: [Character], keep: Set<Character>,
    _ graph: Graph
  ) throws -> (Node, [Character]) {
    let shared = aLetters.filter(bLetters.contains)
    let batch = shared.filter(keep.contains)
    let summed = shared.filter { !keep.contains($0) }
    let left = aLetters.filter { !shared.contains($0) }
    let right = bLetters.filter { !shared.contains($0) }
    let count = { (letters: [Character]) in letters.reduce(1) { $0 * (sizes[$1] ?? 1) } }
    let x = try permuted(a, aLetters, to: batch + left + summed, graph)
    let y = try permuted(b, bLetters, to: batch + summed + right, graph)
    let flatX = try graph.record(
      .reshape, [x], Attributes(sizes: [count(batch), count(left), count(summed)]))
    let flatY = try graph.record(
      .reshape, [y], Attributes(sizes: [count(batch), count(summed), count(right)]))
    let flat = try graph.binary(.matmul, flatX, flatY)
    let letters = batch + left + right
    let result = try graph.record(
      .reshape, [flat], Attributes(sizes: letters.map { sizes[$0] ?? 1 }))
    return (result, letters)
  }
}
