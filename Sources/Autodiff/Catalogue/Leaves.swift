// Operators without a name in the language: leaves and aliases.

import Engine

extension Catalogue {
  static let leaves: [Operator] = [
    .constant, .number, .data, .variable, .parameter, .identity, .detached,
    .gradient,
  ]
}

extension Operator {
  private static func leaf(
    _ name: String, _ summary: String, alias: Bool = false,
    gradient: Gradient = .none(because: "it has no operands"), notation: [String]? = nil,
    elements: Elements = .derived, samples: [Sample] = []
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: [], formula: "{0}",
      infer: { types, _ throws(OperatorProblem) in
        guard let first = types.first else {
          throw OperatorProblem(.type, "a leaf is made with its numbers")
        }
        return first
      },
      kernel: { _ in }, gradient: gradient, notation: notation, elements: elements,
      samples: samples, isHidden: true, isAlias: alias)
  }

  package static let constant: Operator = leaf("constant", "A number of the source.")
  package static let number: Operator = leaf("number", "A computed number.")
  package static let data: Operator = leaf("data", "A tensor of numbers.")
  package static let variable: Operator = leaf("variable", "The argument of a derived function.")
  package static let parameter: Operator = leaf(
    "parameter", "The value of a param.", alias: true)
  package static let identity: Operator = leaf(
    "identity", "The operand itself.", alias: true, gradient: .rule { upstream, _ in [upstream] },
    notation: ["1"], elements: .each, samples: Samples.unary)
  package static let detached: Operator = leaf(
    "detach", "The operand's values, without its history.", alias: true,
    gradient: .none(because: "its history was let go on purpose"))
  /// What `backward` leaves in `.grad`: an operand once its derivation is recorded, none before.
  package static let gradient: Operator = leaf(
    "gradient", "A param's gradient.", alias: true,
    gradient: .none(because: ".grad is a value; grad(loss, w) can be derived again"))
}
