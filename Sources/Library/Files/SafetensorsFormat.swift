// Models and tensors as safetensors.

import Autodiff
import Datasets
import Engine
import Interpreter

extension FileFormat {
  static let safetensors = FileFormat(
    [".safetensors"],
    saving: [
      "A .safetensors file holds the params and the numbers of scalers by their paths",
      "(net[0].weight is \"[0].weight\"), and in its metadata the layers, from which load(path)",
      "makes the model again.",
      "s >> net >> t.undo keeps its scalers with it; so does (net, s, t).",
      "With an optimizer, save((net, opt), path), it is a training that goes on where it stopped: its",
      "rates, steps and moments are in the file, and where the random stream was.",
      "A tensor is written under the name value, those of a record under their names.",
    ],
    loading: [
      "load(path) makes the model again from the layers and scalers that save noted in the file; a",
      "model that was declared with `model` has to be declared before. Of a file that describes no",
      "model it gives a record of its tensors; F16 and BF16 are read as f32.",
      "let (net, opt) = load(path), or load((net, opt), path), goes on with a training that was saved",
      "with its optimizer: the next step has the same bits as if it had never stopped.",
      "load(net, path, from: \"pytorch\") fills a net from a state_dict that was saved with",
      "safetensors.torch.save_file: 0.weight of a Linear is turned and becomes net[0].weight, the",
      "weight of a LayerNorm becomes gain.",
    ],
    accepts: { value, _ in !SafetensorsFormat.isForOthers(value) },
    write: SafetensorsFormat.write,
    read: { call, path in
      let file = try SafetensorsFormat.file(path, argument: 0)
      guard file.metadata[ModelSource.key] != nil else {
        return .record(
          file.tensors.map { ($0.name, .tensor(call.session.graph.leaf($0.buffer, $0.shape))) })
      }
      let saved = SavedModel(path: path, file: file)
      return try SafetensorsFormat.filled(
        SafetensorsFormat.made(saved, call.session), saved, call.session, fromPyTorch: false)
    })

  static let onnx = FileFormat(
    [".onnx"],
    saving: [
      "save(net, \"net.onnx\", input: x) writes what the net computes for rows like those of x, with",
      "any number of them, for other programs; a tuple is the inputs of a model that has several.",
    ],
    accepts: { value, _ in !SafetensorsFormat.isForOthers(value) },
    write: { call, path in
      try ONNXExport.write(
        call.raw(0), like: call.isGiven(2) ? call.value(2) : nil, to: path, call.session)
      return .none
    })
}

enum SafetensorsFormat {
  /// Figures, drawings and tables have formats of their own.
  static func isForOthers(_ value: Value) -> Bool {
    guard case .foreign(let object) = value else { return false }
    return object is FigureObject || object is any SVGPicture
      || object is TableObject && !(object is EncodedTable)
  }

  static func write(_ call: Call, _ path: String) throws -> Value {
    let saved = SavedTensor.all(of: call.raw(0), call.session)
    try call.session.graph.force(saved.compactMap(\.parameter?.node))
    let optimizers = SavedOptimizer.all(of: call.raw(0), call.session)
    let isPlain = saved.isEmpty && optimizers.isEmpty
    let tensors =
      isPlain
      ? try plain(call)
      : try saved.compactMap { try $0.written(call.session) }
        + optimizers.flatMap { try $0.written(call.session) }
    // A model that cannot be written down says so by an empty text; plain tensors say nothing.
    let source = ModelSource.text(call.raw(0), call.session) ?? ""
    var metadata = isPlain ? [] : [(key: ModelSource.key, text: source)]
    if !optimizers.isEmpty {
      let stream = SavedRandomStream.text(call.session.graph.random)
      metadata.append((key: SavedRandomStream.key, text: stream))
    }
    do throws(DataProblem) {
      try SafeTensors.write(tensors, metadata: metadata, to: path)
    } catch {
      throw Problem(.file, error.message, argument: 1)
    }
    for (_, parameter) in call.session.parameters(of: call.raw(0)) { parameter.isUnsaved = false }
    return .none
  }

  /// A tensor, or several with their names.
  static func plain(_ call: Call) throws -> [NamedTensor] {
    let graph = call.session.graph
    return try call.session.leaves(of: call.value(0)).map { path, leaf in
      let node: Node? =
        if case .number(let x) = leaf { graph.input(x, .f64) } else { call.session.node(leaf) }
      guard let node else {
        throw Problem(
          .type,
          "there are no params in \(call.value(0).typePhrase), and \(leaf.typePhrase) is no tensor",
          argument: 0)
      }
      try graph.force([node])
      guard let buffer = node.buffer else {
        throw Problem(.internal, "\(path) was not computed", argument: 0)
      }
      return NamedTensor(name: path.isEmpty ? "value" : path, shape: node.shape, buffer: buffer)
    }
  }

  static func file(_ path: String, argument: Int) throws -> SafeTensors.File {
    do throws(DataProblem) { return try SafeTensors.read(path) } catch {
      throw Problem(.file, "\(path): \(error.message)", argument: argument)
    }
  }

  /// load(net, path).
  static func fill(_ call: Call, _ path: String, fromPyTorch: Bool) throws -> Value {
    let saved = SavedModel(path: path, file: try file(path, argument: 1))
    return try filled(call.raw(0), saved, call.session, fromPyTorch: fromPyTorch)
  }

  static func filled(
    _ model: Value, _ saved: SavedModel, _ session: Session, fromPyTorch: Bool
  ) throws -> Value {
    try saved.fill(model, session, fromPyTorch: fromPyTorch)
    guard case .tensor = model else { return model }
    return session.parameters(of: model).first.map { .tensor($0.parameter.node) } ?? model
  }

  /// The model that a file describes, with other numbers.
  static func made(_ saved: SavedModel, _ session: Session) throws -> Value {
    guard let source = saved.file.metadata[ModelSource.key], !source.isEmpty else {
      throw Problem(
        .data, "\(saved.path) does not say which model its tensors belong to", argument: 0,
        help: "write load(net, \"\(saved.path)\") with a net of the same shape")
    }
    // The layers' first numbers are replaced at once: they must not move the random stream.
    let random = session.graph.random
    defer { session.graph.random = random }
    return try ModelSource.make(source, saved.path, session)
  }
}
