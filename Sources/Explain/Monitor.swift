// What is unhealthy in the walk of a loss, step by step.

import Autodiff
import Diagnostics
import Engine

/// A look at all steps and params of a loss.
package struct Monitor {
  package struct Finding: Sendable {
    package let place: String
    package let words: String
    package let help: String
    /// The layer and the kind: what is told once.
    package let key: String

    init(_ place: String, _ words: String, help: String, layer: String? = nil) {
      (self.place, self.words, self.help) = (place, words, help)
      key = "\(layer ?? place) \(words.prefix { $0 != ":" })"
    }
  }

  package let findings: [Finding]
  /// Each param with the sizes of its values and gradients.
  package let params: [(name: String, size: Double, gradient: Double)]
  /// The first value that is not finite.
  package let story: [String]

  /// - Parameters:
  ///   - watched: the params of a net, where only that is of interest.
  ///   - saturation: the share of saturated elements that is worth telling.
  package init(
    _ loss: Node, _ nonFinite: NonFinite, of watched: [Parameter] = [], saturation: Double = 0
  ) throws(OperatorProblem) {
    let walk = try Walk(loss, WalkOptions(depth: 2))
    story = nonFinite.story(walk)
    var params: [(name: String, size: Double, gradient: Double)] = []
    for node in Walk.order(walk.loss) where node.version != nil {
      guard watched.isEmpty || watched.contains(where: { $0 === node.version?.parameter }) else {
        continue
      }
      let gradient = walk.formulas.gradients[node.serial]?.buffer?.doubles ?? []
      params.append(
        (
          walk.names.name(node), Health.size(node.buffer?.doubles ?? []), Health.size(gradient)
        ))
    }
    self.params = params
    // Where numbers are not finite, what follows from them says nothing more.
    findings = story.isEmpty ? Monitor.steps(walk, watched, saturation) + Monitor.flow(params) : []
  }

  /// `net[0]`, the layer of `net[0].weight`; a param that stands alone.
  private static func layer(_ parameter: String) -> String {
    parameter.lastIndex(of: ".").map { String(parameter[..<$0]) } ?? parameter
  }

  /// The param that a value hangs on and that is nearest to it.
  private static func nearest(_ node: Node) -> Parameter? {
    Walk.order(node).reversed().lazy.compactMap { $0.version?.parameter }.first
  }

  private static func steps(_ walk: Walk, _ watched: [Parameter], _ saturation: Double)
    -> [Finding]
  {
    walk.steps.flatMap { step -> [Finding] in
      let complaints = Health.complaints(step.node, values: step.value, least: saturation)
      guard !complaints.isEmpty else { return [] }
      var place = "\(step.name) = \(step.formula)"
      if !watched.isEmpty {
        guard let nearest = nearest(step.node), watched.contains(where: { $0 === nearest }) else {
          return []
        }
        if step.node.name == nil {
          place = "\(step.node.op.name) behind \(layer(nearest.name))"
        }
      }
      return complaints.map { words in
        let help =
          words.hasPrefix("dead")
          ? "a smaller learning rate, he initialisation, or leaky_relu"
          : words.hasPrefix("saturated")
            ? "smaller initial weights, standardised inputs, or relu" : "see where it began"
        return Finding(place, words, help: help)
      }
    }
  }

  /// How the gradient grows or shrinks from the last params to the first.
  private static func flow(_ params: [(name: String, size: Double, gradient: Double)]) -> [Finding]
  {
    let sized = params.filter { $0.gradient > 0 && $0.gradient.isFinite }
    guard let largest = sized.max(by: { $0.gradient < $1.gradient }),
      let smallest = sized.min(by: { $0.gradient < $1.gradient })
    else { return [] }
    var result: [Finding] = []
    let ratio = NumberFormat.significant(largest.gradient / smallest.gradient, digits: 2)
    if smallest.gradient < largest.gradient * 1e-4 {
      result.append(
        Finding(
          smallest.name,
          "vanishing: its gradient is \(ratio) times smaller than that of \(largest.name)",
          help: "relu, normalised layers, or fewer of them", layer: layer(smallest.name)))
    }
    for param in sized where param.gradient > 10 * max(1, param.size) {
      let size = NumberFormat.significant(param.gradient, digits: 2)
      result.append(
        Finding(
          param.name, "exploding: its gradient has the size \(size)",
          help: "a smaller learning rate, standardised data, or clipped gradients",
          layer: layer(param.name)))
    }
    return result
  }

  /// A finding by itself, with where it was met.
  package static func text(_ finding: Finding, place: String, _ layout: WalkLayout) -> StyledText {
    var writer = WalkWriter(layout)
    put(finding, place, &writer)
    return writer.text
  }

  private static func put(_ finding: Finding, _ place: String, _ writer: inout WalkWriter) {
    writer.put(place, .name)
    writer.line(at: 2)
    writer.words(finding.words, indent: 2)
    writer.line(at: 2)
    writer.words("what usually helps: \(finding.help)", .dim, indent: 2)
  }

  package func render(_ layout: WalkLayout) -> StyledText {
    var writer = WalkWriter(layout)
    for words in story {
      writer.words(words, .warning, indent: 2)
      writer.end()
    }
    for finding in findings {
      Monitor.put(finding, finding.place, &writer)
      writer.end()
    }
    if findings.isEmpty, story.isEmpty { writer.put("nothing unhealthy\n", .number) }
    let width = params.map { TextWidth.columns(of: $0.name) }.max() ?? 0
    for param in params {
      writer.put("  \(WalkText.padded(param.name, width))", .name)
      writer.flow("  values \(NumberFormat.significant(param.size, digits: 3))", indent: 4)
      writer.flow("  gradient \(NumberFormat.significant(param.gradient, digits: 3))", indent: 4)
      writer.end()
    }
    return writer.text
  }
}
