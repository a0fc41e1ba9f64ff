// Filling a net from a state_dict of PyTorch: its names, its layouts, and what does not fit.

import Datasets
import Engine
import Interpreter

extension SavedModel {
  /// Each param with the tensor that PyTorch has for it; every tensor has to belong to one. Scalers
  /// keep their numbers: PyTorch knows none.
  func pairedAsInPyTorch(_ wanted: [SavedTensor]) throws -> [(SavedTensor, NamedTensor)] {
    let wanted = wanted.filter { if case .parameter = $0.place { true } else { false } }
    let all = wanted.map(\.pytorch.name) + wanted.compactMap(\.pytorch.added)
    let names = Set(all)
    let tensors = renamed(names)
    let missing = all.filter { name in
      !tensors.contains { $0.name == name }
    }
    // PyTorch counts the batches that a norm has seen; nns has no use for that.
    let extra = tensors.map(\.name).filter {
      !names.contains($0) && !$0.hasSuffix("num_batches_tracked")
    }
    guard missing.isEmpty, extra.isEmpty else { throw misfit(missing, extra, wanted) }
    return try wanted.compactMap { place in
      guard let (_, tensor) = tensors.first(where: { $0.name == place.pytorch.name }) else {
        return nil
      }
      try checkShape(place, tensor)
      guard let second = tensors.first(where: { $0.name == place.pytorch.added })?.tensor else {
        return (place, tensor)
      }
      try checkShape(place, second)
      return (place, try sum(tensor, second))
    }
  }

  /// What PyTorch keeps in two tensors of one shape and nns in one.
  private func sum(_ a: NamedTensor, _ b: NamedTensor) throws -> NamedTensor {
    let total = try Buffer(a.buffer.dtype, count: a.buffer.count)
    total.fill { a.buffer[$0] + b.buffer[$0] }
    return NamedTensor(name: a.name, shape: a.shape, buffer: total)
  }

  /// The tensors by name; where all names begin alike (`net.0.weight` of a module that holds the
  /// net) and the rest is what is wanted, without that beginning.
  private func renamed(_ names: Set<String>) -> [(name: String, tensor: NamedTensor)] {
    let plain = file.tensors.map { (name: $0.name, tensor: $0) }
    guard !plain.contains(where: { names.contains($0.name) }),
      let first = plain.first?.name.split(separator: ".").first.map({ $0 + "." }),
      plain.allSatisfy({ $0.name.hasPrefix(first) })
    else { return plain }
    let stripped = plain.map { (name: String($0.name.dropFirst(first.count)), tensor: $0.tensor) }
    return Set(stripped.map(\.name)) == names ? stripped : plain
  }

  private func checkShape(_ place: SavedTensor, _ tensor: NamedTensor) throws {
    let turns = place.pytorch.isTransposed
    let expected = turns ? Shape(place.shape.dims.reversed()) : place.shape
    guard tensor.shape != expected else { return }
    let theirs = turns ? ", in PyTorch \(expected)" : ""
    throw Problem(
      .shape,
      "\(place.name) has the shape \(place.shape)\(theirs); \(tensor.name) in \(path) has "
        + "\(tensor.shape)",
      help: turns && tensor.shape == place.shape
        ? "the file has [inputs, outputs] already, which is not how PyTorch keeps it" : nil)
  }

  private func misfit(_ missing: [String], _ extra: [String], _ wanted: [SavedTensor]) -> Problem {
    var parts: [String] = []
    if !missing.isEmpty { parts.append("it has no \(Self.listed(missing))") }
    if !extra.isEmpty { parts.append("the net has no place for its \(Self.listed(extra))") }
    let isNumbered = { (names: [String]) in
      names.contains { $0.split(separator: ".").contains { Int($0) != nil } }
    }
    return Problem(
      .data, "\(path) does not fit this net: \(parts.joined(separator: "; "))",
      help: isNumbered(missing) && isNumbered(extra)
        ? "the net needs a stage for every module of the Sequential, ReLU, Dropout and Flatten too"
        : nil)
  }

  /// `0.weight, 0.bias and 3 more`
  private static func listed(_ names: [String]) -> String {
    let shown = names.prefix(4).joined(separator: ", ")
    return names.count > 4 ? "\(shown) and \(names.count - 4) more" : shown
  }
}
