// What an optimizer keeps in a file: its options, and for each param its steps and its state, so that a
// training goes on as if it had never stopped.

import Autodiff
import Datasets
import Engine
import Interpreter
import Neural

/// An optimizer that is saved, with its place in what is saved.
///
/// Its tensors are `opt.lr` and its other options (f64, 0-d), `opt.steps` (i64, one a param) and, of
/// every param that was updated, each state by its number among the params: `opt.m[0]` (as the param).
struct SavedOptimizer {
  /// `opt`, `[1]`; empty where the optimizer is saved alone.
  let path: String
  let optimizer: Optimizer

  /// Those below a value that know their params.
  static func all(of value: Value, _ session: Session) -> [SavedOptimizer] {
    session.leaves(of: value).compactMap { path, leaf in
      guard case .foreign(let object as OptimizerObject) = leaf, let optimizer = object.optimizer
      else { return nil }
      return SavedOptimizer(path: path, optimizer: optimizer)
    }
  }

  private func name(_ own: String) -> String { Session.joined(path, own) }

  /// As a file has it.
  func written(_ session: Session) throws -> [NamedTensor] {
    let graph = session.graph
    let progress = optimizer.progress
    try graph.force(progress.flatMap(\.states))
    var nodes = try optimizer.rule.options.map { option in
      let value = optimizer.options[option.name] ?? option.value
      return (name(option.name), try graph.tensor([value], shape: [], dtype: .f64))
    }
    let steps = progress.map { Double($0.steps) }
    nodes.append((name("steps"), try graph.tensor(steps, shape: [steps.count], dtype: .i64)))
    for (index, entry) in progress.enumerated() {
      nodes += zip(optimizer.rule.states, entry.states).map { (name("\($0)[\(index)]"), $1) }
    }
    return nodes.compactMap { name, node in
      node.buffer.map { NamedTensor(name: name, shape: node.shape, buffer: $0) }
    }
  }

  /// Reads it from a file; what is given back takes it over. Throws where a tensor is missing or is no
  /// state of this optimizer.
  func read(_ saved: SavedModel, _ session: Session) throws -> () -> Void {
    var options: [String: Double] = [:]
    for option in optimizer.rule.options {
      // Files that are older than an option go without it.
      let isThere = saved.file.tensors.contains { $0.name == name(option.name) }
      guard isThere || !option.isQuiet else {
        options[option.name] = option.value
        continue
      }
      let value = try tensor(option.name, Shape([]), saved).buffer[0]
      guard option.range.contains(value) else {
        throw Problem(
          .data,
          "\(name(option.name)) in \(saved.path) is \(NumberFormat.shortest(value)): "
            + "\(option.name) of \(optimizer.rule.name) is \(option.range.text)")
      }
      options[option.name] = value
    }
    let steps = try tensor("steps", Shape([optimizer.parameters.count]), saved).buffer
    let progress = try optimizer.parameters.enumerated().map { index, parameter in
      guard let count = Int(exactly: steps[index]), count >= 0 else {
        throw Problem(
          .data,
          "element \(index) of \(name("steps")) in \(saved.path) is no number of steps: "
            + NumberFormat.shortest(steps[index]))
      }
      let states = try count == 0 ? [] : states(of: parameter, index, saved, session)
      return (steps: count, states: states)
    }
    return { [optimizer] in
      session.willChange(optimizer) { optimizer.snapshot() }
      optimizer.resume(progress, options: options)
    }
  }

  private func states(
    of parameter: Parameter, _ index: Int, _ saved: SavedModel, _ session: Session
  ) throws -> [Node] {
    try optimizer.rule.states.map { state in
      let tensor = try tensor("\(state)[\(index)]", parameter.node.shape, saved)
      if let bad = tensor.buffer.firstNonFinite {
        throw Problem(
          .data,
          "\(tensor.name) in \(saved.path) is not finite: its element \(bad) is "
            + NumberFormat.shortest(tensor.buffer[bad]))
      }
      let leaf = session.graph.leaf(tensor.buffer, tensor.shape)
      return try leaf.converted(to: parameter.node.dtype)
    }
  }

  private func tensor(_ own: String, _ shape: Shape, _ saved: SavedModel) throws -> NamedTensor {
    guard let tensor = saved.file.tensors.first(where: { $0.name == name(own) }) else {
      throw Problem(
        .data, "\(saved.path) has no tensor named \(name(own)), which \(optimizer.rule.name) needs")
    }
    guard tensor.shape == shape else {
      throw Problem(
        .shape, "\(name(own)) has the shape \(shape), in \(saved.path) \(tensor.shape)")
    }
    return tensor
  }
}

extension OptimizerObject {
  /// `adam(["[0].weight", "[0].bias"], lr: 0.1)`: its params by their paths in what is saved. Nil where
  /// one of them is not there, or where a function gives its rate.
  func source(_ paths: [ObjectIdentifier: String]) -> String? {
    guard !hasRateFunction else { return nil }
    let parameters = optimizer?.parameters ?? []
    let names = parameters.compactMap { paths[ObjectIdentifier($0)] }
    guard names.count == parameters.count else { return nil }
    var words = names.isEmpty ? [] : ["[\(names.map(EncodedTable.quoted).joined(separator: ", "))]"]
    words += rule.options.map { option in
      if option.name == "lr", let schedule { return "lr: \(schedule.source)" }
      let x = options[option.name] ?? option.value
      let text = option.range == .flag ? "\(x != 0)" : NumberFormat.shortest(x)
      return "\(option.name): \(text)"
    }
    return "\(rule.name)(\(words.joined(separator: ", ")))"
  }
}

/// An optimizer that a file describes, whose params are not made yet.
final class WaitingOptimizer: ForeignObject {
  private let rule: OptimizerRule
  private let paths: [String]
  private let settings: OptimizerSettings

  /// Nil for arguments that are none of an optimizer.
  init?(
    _ rule: OptimizerRule, _ plain: [Value], _ named: [(String, Value)], _ session: Session
  ) throws {
    var paths: [String] = []
    if let first = plain.first {
      guard plain.count == 1, case .list(let list) = first else { return nil }
      for element in list.elements {
        guard case .string(let path) = element else { return nil }
        paths.append(path.text)
      }
    }
    var settings = OptimizerSettings(rule.standardOptions)
    for (name, value) in named {
      guard let option = rule.options.first(where: { $0.name == name }) else { return nil }
      try settings.set(option, of: rule, to: value, session)
    }
    (self.rule, self.paths, self.settings) = (rule, paths, settings)
  }

  var typeName: String { "optimizer" }

  /// The optimizer of those params; nil where one is not among them.
  func optimizer(_ parameters: [(path: String, parameter: Parameter)]) -> OptimizerObject? {
    let own = paths.compactMap { path in parameters.first { $0.path == path }?.parameter }
    guard own.count == paths.count else { return nil }
    return OptimizerObject(rule, settings, own)
  }
}

/// The place in the random stream, in a file's metadata beside an optimizer.
enum SavedRandomStream {
  static let key = "nns.random"

  static func text(_ stream: RandomStream) -> String { "\(stream.seed) \(stream.position)" }

  /// Nil for what is none.
  static func stream(_ text: String) -> RandomStream? {
    let words = text.split(separator: " ").map { UInt64($0) }
    guard words.count == 2, let seed = words[0], let position = words[1] else { return nil }
    return RandomStream(seed: seed, position: position)
  }
}
