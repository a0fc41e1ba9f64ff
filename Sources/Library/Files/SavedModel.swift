// What a model keeps in a file: its params and what was fitted to data, each under its path.

import Autodiff
import Datasets
import Engine
import Interpreter
import Neural

/// One tensor of a model that is saved.
struct SavedTensor {
  enum Place {
    case parameter(Parameter)
    case fitted(FittedObject, FittedKind.Part)
  }

  /// `[0].weight`
  let name: String
  /// How PyTorch has it.
  let pytorch: PyTorchEntry
  let place: Place

  var shape: Shape {
    switch place {
    case .parameter(let parameter): parameter.node.shape
    case .fitted(_, let part): Shape(part.dims)
    }
  }

  var parameter: Parameter? {
    if case .parameter(let parameter) = place { return parameter }
    return nil
  }

  /// Everything that a value keeps, in order; a param that it has twice comes once.
  static func all(of value: Value, _ session: Session) -> [SavedTensor] {
    var seen: Set<ObjectIdentifier> = []
    return session.leaves(of: value).flatMap { path, leaf -> [SavedTensor] in
      if let fitted = fitted(leaf) {
        return fitted.kind.parts(fitted.sizes).map {
          SavedTensor(path, $0.name, nil, .fitted(fitted, $0))
        }
      }
      var layer: (any Layer)?
      if case .foreign(let object as LayerObject) = leaf { layer = object.layer }
      return (session.parameters(of: leaf) + state(leaf))
        .filter { seen.insert(ObjectIdentifier($0.parameter)).inserted }
        .map { SavedTensor(path, $0.path, layer, .parameter($0.parameter)) }
    }
  }

  /// What a layer keeps besides its params.
  private static func state(_ value: Value) -> [(path: String, parameter: Parameter)] {
    guard case .foreign(let object as LayerObject) = value else { return [] }
    return object.layer.allState.map { ($0.name, $0.parameter) }
  }

  private init(_ path: String, _ own: String, _ layer: (any Layer)?, _ place: Place) {
    let entry = layer?.pytorch(own) ?? PyTorchEntry(name: own, isTransposed: false)
    let full = Session.joined(path, own)
    name = full.isEmpty ? "value" : full
    // `inner[2].bias` is inner.2.bias there.
    let dotted = { (name: String) in
      Session.joined(path, name).split { "[].".contains($0) }.joined(separator: ".")
    }
    let theirs = dotted(entry.name)
    pytorch = PyTorchEntry(
      name: theirs.isEmpty ? "value" : theirs, isTransposed: entry.isTransposed,
      added: entry.added.map(dotted))
    self.place = place
  }

  /// The fitted object that a stage of a model is, or whose way back it is.
  private static func fitted(_ value: Value) -> FittedObject? {
    switch value {
    case .foreign(let fitted as FittedObject): fitted
    case .foreign(let undo as FittedUndoObject): undo.object
    default: nil
    }
  }

  /// As a file has it; call after the params were computed.
  func written(_ session: Session) throws -> NamedTensor? {
    switch place {
    case .parameter(let parameter):
      return parameter.node.buffer.map { NamedTensor(name: name, shape: shape, buffer: $0) }
    case .fitted(let fitted, let part):
      let node = try session.graph.tensor(fitted[part.name], shape: shape.dims, dtype: .f64)
      return node.buffer.map { NamedTensor(name: name, shape: shape, buffer: $0) }
    }
  }

  /// Whether these numbers may be stored here; throws naming what is wrong with them.
  func check(_ tensor: NamedTensor, _ path: String) throws {
    let (from, values) = (tensor.name, tensor.buffer)
    if let index = values.firstNonFinite {
      throw Problem(
        .data,
        "\(from) in \(path) is not finite: its element \(index) is "
          + NumberFormat.shortest(values[index]))
    }
    guard case .fitted(let fitted, let part) = place else { return }
    let numbers = (0..<values.count).map { values[$0] }
    if let fault = fitted.kind.fault(fitted, part.name, numbers) {
      throw Problem(.data, "\(from) in \(path) \(fault)")
    }
  }

  /// Takes over the numbers of a file, which were checked.
  func store(_ node: Node, _ session: Session) throws {
    switch place {
    case .parameter(let parameter):
      try parameter.store(node)
      parameter.isUnsaved = false
    case .fitted(let fitted, let part):
      let values = try session.graph.values(node)
      session.willChange(fitted) { fitted.snapshot() }
      fitted[part.name] = values
    }
  }
}

/// A safetensors file whose tensors are to fill a model.
struct SavedModel {
  let path: String
  let file: SafeTensors.File

  /// Stores the tensors to a model, after everything was checked.
  func fill(_ model: Value, _ session: Session, fromPyTorch: Bool) throws {
    let wanted = SavedTensor.all(of: model, session)
    let pairs = try fromPyTorch ? pairedAsInPyTorch(wanted) : paired(wanted)
    var nodes: [Node] = []
    for (place, tensor) in pairs {
      try place.check(tensor, path)
      let leaf = session.graph.leaf(tensor.buffer, tensor.shape)
      let turns = fromPyTorch && place.pytorch.isTransposed
      nodes.append(
        turns ? try session.graph.record(.transpose, [leaf], Attributes(sizes: [1, 0])) : leaf)
    }
    let optimizers =
      try fromPyTorch
      ? [] : SavedOptimizer.all(of: model, session).map { try $0.read(self, session) }
    let stream = try optimizers.isEmpty ? nil : randomStream()
    for ((place, _), node) in zip(pairs, nodes) { try place.store(node, session) }
    for takeOver in optimizers { takeOver() }
    if let stream { session.graph.random = stream }
  }

  /// Where the random stream was, in a file of a training.
  private func randomStream() throws -> RandomStream? {
    guard let text = file.metadata[SavedRandomStream.key] else { return nil }
    guard let stream = SavedRandomStream.stream(text) else {
      throw Problem(.data, "\(path) has no place in the random stream, but \(text)")
    }
    return stream
  }

  /// Each place with the tensor of its name and shape; further tensors are left alone.
  private func paired(_ wanted: [SavedTensor]) throws -> [(SavedTensor, NamedTensor)] {
    try wanted.map { place in
      guard let tensor = file.tensors.first(where: { $0.name == place.name }) else {
        throw Problem(.data, "\(path) has no tensor named \(place.name)", help: habit)
      }
      guard tensor.shape == place.shape else {
        throw Problem(
          .shape, "\(place.name) has the shape \(place.shape), in \(path) \(tensor.shape)")
      }
      return (place, tensor)
    }
  }

  /// `0.weight` is how PyTorch names `[0].weight`.
  var habit: String? {
    let isTheirs = file.tensors.contains { tensor in
      tensor.name.split(separator: ".").dropLast().contains { Int($0) != nil }
    }
    return isTheirs
      ? "the file looks like PyTorch's: write load(net, \"\(path)\", from: \"pytorch\")" : nil
  }
}
