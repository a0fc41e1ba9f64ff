// What classifiers are judged by: figures of predicted and true classes.

import Autodiff
import Datasets
import Engine
import Interpreter

enum ClassMetricFunctions {
  static let all: [HostFunction] = [
    confusionMatrix,
    figure(
      "precision", "Of the rows that were said to be a class, the share that is.",
      "precision([1, 1, 0, 1], [1, 0, 0, 1])  # => 0.6667"
    ) { right, said, _ in said > 0 ? right / said : 0 },
    figure(
      "recall", "Of the rows that are of a class, the share that was found.",
      "recall([1, 1, 0, 0], [1, 0, 0, 1])  # => 0.5"
    ) { right, _, are in are > 0 ? right / are : 0 },
    figure(
      "f1", "The harmonic mean of precision and recall.",
      "f1([1, 1, 0, 1], [1, 0, 0, 1])  # => 0.8"
    ) { right, said, are in said + are > 0 ? 2 * right / (said + are) : 0 },
    balancedAccuracy, report,
  ]
  private typealias P = HostFunction.Parameter

  static let confusionMatrix: HostFunction = HostFunction(
    name: "confusion_matrix",
    summary: "How often each class was taken for each: rows are the truth.",
    category: "Metrics", parameters: ClassPairs.parameters,
    examples: ["confusion_matrix([0, 1, 1], [0, 0, 1])  # => [[1, 1], [0, 1]]"],
    action: { call in
      let pairs = try ClassPairs(call)
      return .tensor(
        try call.session.graph.tensor(
          pairs.confusion(), shape: [pairs.count, pairs.count], dtype: .i64))
    })

  private static let averages = ["binary", "macro", "weighted", "micro", "none"]

  private static func figure(
    _ name: String, _ summary: String, _ example: String,
    _ value: @escaping @Sendable (_ right: Double, _ said: Double, _ are: Double) -> Double
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Metrics",
      parameters: ClassPairs.parameters + [
        P(
          "average",
          "\"binary\": of class 1, the standard for two classes; \"macro\": the mean of the classes, the "
            + "standard for more; \"weighted\": by their rows; \"micro\": of all rows; \"none\": all of them",
          default: .optional("\"binary\" or \"macro\""))
      ],
      details: ["Where nothing is to be counted it is 0."],
      examples: [
        example, "\(name)([0, 1, 2, 2], [0, 1, 2, 1], average: \"none\").shape  # => [3]",
        "\(name)([0, 1], [0, 1], average: \"mean\")  # error: value",
      ],
      action: { call in
        let pairs = try ClassPairs(call)
        let (right, said, are) = pairs.counts()
        let average =
          try call.isGiven(2) ? call.string(2) : pairs.count <= 2 ? "binary" : "macro"
        guard averages.contains(average) else {
          throw Problem(
            .value, "average is one of \(averages.joined(separator: ", ")), not \"\(average)\"",
            argument: 2)
        }
        let each = right.indices.map { value(right[$0], said[$0], are[$0]) }
        switch average {
        case "binary":
          guard pairs.count <= 2 else {
            throw Problem(
              .value, "there are \(pairs.count) classes; \"binary\" is for two", argument: 2)
          }
          return .number(each.count > 1 ? each[1] : 0)
        case "none":
          return .tensor(
            try call.session.graph.tensor(each, shape: [each.count], dtype: .f64))
        case "micro":
          let sum = { (counts: [Double]) in counts.reduce(0, +) }
          return .number(value(sum(right), sum(said), sum(are)))
        default:
          let weights = average == "macro" ? occurring(said, are) : are
          return .number(mean(each, weights))
        }
      })
  }

  /// 1 for each class that there is.
  private static func occurring(_ said: [Double], _ are: [Double]) -> [Double] {
    zip(said, are).map { $0 + $1 > 0 ? 1 : 0 }
  }

  private static func mean(_ values: [Double], _ weights: [Double]) -> Double {
    let total = weights.reduce(0, +)
    return total > 0 ? zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / total : .nan
  }

  static let balancedAccuracy: HostFunction = HostFunction(
    name: "balanced_accuracy",
    summary: "The mean recall of the classes, however many rows each has.",
    category: "Metrics", parameters: ClassPairs.parameters,
    examples: ["balanced_accuracy([0, 0, 0, 0], [0, 0, 0, 1])  # => 0.5"],
    action: { call in
      let (right, _, are) = try ClassPairs(call).counts()
      let shares = zip(right, are).filter { $1 > 0 }.map { $0 / $1 }
      return .number(shares.isEmpty ? .nan : shares.reduce(0, +) / Double(shares.count))
    })

  static let report: HostFunction = HostFunction(
    name: "report", summary: "Precision, recall and f1 of every class, as a table.",
    category: "Metrics",
    parameters: ClassPairs.parameters + [
      P("names", "what the classes are called", default: .optional("none"))
    ],
    details: [
      "rows is how many rows of the truth are of a class; the last line is the mean of them."
    ],
    examples: ["report([0, 1, 1], [0, 0, 1]).recall  # => [0.5, 1, 0.75]"],
    action: { call in
      let pairs = try ClassPairs(call)
      let (right, said, are) = pairs.counts()
      var names = (0..<pairs.count).map { "\($0)" }
      if call.isGiven(2) {
        names = try call.elements(2).map { try call.session.display($0) }
        guard names.count >= pairs.count else {
          throw Problem(
            .value, "there are \(pairs.count) classes and \(names.count) names", argument: 2)
        }
        names = Array(names.prefix(pairs.count))
      }
      let classes = Array(0..<pairs.count)
      let precisions = classes.map { said[$0] > 0 ? right[$0] / said[$0] : 0 }
      let recalls = classes.map { are[$0] > 0 ? right[$0] / are[$0] : 0 }
      let f1 = classes.map {
        said[$0] + are[$0] > 0 ? 2 * right[$0] / (said[$0] + are[$0]) : 0
      }
      let weights = occurring(said, are)
      let column = { (values: [Double]) -> Column in .numbers(values + [mean(values, weights)]) }
      return .foreign(
        TableObject(
          Table([
            ("class", .strings(names + ["mean"])), ("precision", column(precisions)),
            ("recall", column(recalls)), ("f1", column(f1)),
            ("rows", .numbers(are + [are.reduce(0, +)])),
          ])))
    })
}
