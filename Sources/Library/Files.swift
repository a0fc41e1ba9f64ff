// save and load.

import Autodiff
import Datasets
import Engine
import Interpreter
import Plots

enum FileFunctions {
  static let all: [HostFunction] = [save, load]
  private typealias P = HostFunction.Parameter

  static let save: HostFunction = HostFunction(
    name: "save",
    summary: "Writes a model or tensors as safetensors or ONNX, a table as CSV, a figure as SVG.",
    category: "Files",
    parameters: [
      P(
        "net",
        "a model, a scaler, an optimizer, a tuple or record of them; tensors; a table; or a figure"),
      P("path", "a file name that ends in .safetensors, .onnx, .csv or .svg"),
      P("input", "for .onnx: an example of what the model gets", default: .optional("none")),
    ],
    details: [
      "The file holds the params and the numbers of scalers by their paths (net[0].weight is",
      "\"[0].weight\"), and in its metadata the layers, from which load(path) makes the model again.",
      "s >> net >> t.undo keeps its scalers with it; so does (net, s, t).",
      "With an optimizer, save((net, opt), path), it is a training that goes on where it stopped: its",
      "rates, steps and moments are in the file, and where the random stream was.",
      "save(net, \"net.onnx\", input: x) writes what the net computes for rows like those of x, with",
      "any number of them, for other programs; a tuple is the inputs of a model that has several.",
      "A tensor is written under the name value, those of a record under their names.",
    ],
    examples: ["save(dense(2, 2), \"no-such-folder/net.safetensors\")  # error: file"],
    action: { call in
      let path = try call.string(1)
      if case .foreign(let object as FigureObject) = call.value(0) {
        guard path.hasSuffix(".svg") else {
          throw Problem(.value, "a figure is saved as .svg, not as \(path)", argument: 1)
        }
        try WholeText.write(SVGPlot.render(object.figure), to: path, argument: 1)
        return call.value(0)
      }
      if case .foreign(let object as any SVGPicture) = call.value(0) {
        guard path.hasSuffix(".svg") else {
          throw Problem(.value, "a picture is saved as .svg, not as \(path)", argument: 1)
        }
        try WholeText.write(object.svg, to: path, argument: 1)
        return call.value(0)
      }
      if case .foreign(let object as TableObject) = call.value(0), !(object is EncodedTable) {
        guard path.hasSuffix(".csv") else {
          throw Problem(.value, "a table is saved as .csv, not as \(path)", argument: 1)
        }
        try WholeText.write(CSV.text(object.table), to: path, argument: 1)
        return .none
      }
      if path.hasSuffix(".onnx") {
        try ONNXExport.write(
          call.raw(0), like: call.isGiven(2) ? call.value(2) : nil, to: path, call.session)
        return .none
      }
      guard !call.isGiven(2) else {
        throw Problem(.value, "input is for .onnx files, not for \(path)", argument: 2)
      }
      guard path.hasSuffix(".safetensors") else {
        throw Problem(
          .value, "a model is saved as .safetensors or .onnx, not as \(path)", argument: 1)
      }
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
    })

  /// A tensor, or several with their names.
  private static func plain(_ call: Call) throws -> [NamedTensor] {
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

  static let load: HostFunction = HostFunction(
    name: "load", summary: "Fills a model with what was saved, or makes it anew.",
    category: "Files",
    parameters: [
      P("net", "a model of the same shape, or the file alone"),
      P("path", "a .safetensors file, alone also .idx or .idx.gz", default: .optional("none")),
      P("from", "\"pytorch\" for a state_dict of PyTorch", default: .optional("none")),
    ],
    details: [
      "load(path) makes the model again from the layers and scalers that save noted in the file; a",
      "model that was declared with `model` has to be declared before. Of a file that describes no",
      "model it gives a record of its tensors; F16 and BF16 are read as f32.",
      "let (net, opt) = load(path), or load((net, opt), path), goes on with a training that was saved",
      "with its optimizer: the next step has the same bits as if it had never stopped.",
      "load(net, path, from: \"pytorch\") fills a net from a state_dict that was saved with",
      "safetensors.torch.save_file: 0.weight of a Linear is turned and becomes net[0].weight, the",
      "weight of a LayerNorm becomes gain.",
      "load(\"train-images-idx3-ubyte.gz\") reads the format of MNIST: images as f32 [n, height, width]",
      "from 0 to 255, class numbers as i64 [n].",
    ],
    examples: [
      "load(dense(2, 2), \"no-such-file.safetensors\")  # error: file",
      "load(\"no-such-file.safetensors\")  # error: file",
    ],
    action: { call in
      let isAlone: Bool
      if case .string = call.value(0), !call.isGiven(1) { isAlone = true } else { isAlone = false }
      let path = try call.string(isAlone ? 0 : 1)
      let isForeign = call.isGiven(2)
      if isForeign { try checkOrigin(call, path, isAlone) }
      if isAlone, IDX.isName(path) {
        do throws(DataProblem) {
          let (buffer, shape) = try IDX.read(path) { Interrupts.isRequested }
          return .tensor(call.session.graph.leaf(buffer, shape))
        } catch {
          throw Problem(error, .file, argument: 0)
        }
      }
      let file: SafeTensors.File
      do throws(DataProblem) { file = try SafeTensors.read(path) } catch {
        throw Problem(.file, "\(path): \(error.message)", argument: isAlone ? 0 : 1)
      }
      let saved = SavedModel(path: path, file: file)
      if isAlone, file.metadata[ModelSource.key] == nil {
        return .record(
          file.tensors.map { ($0.name, .tensor(call.session.graph.leaf($0.buffer, $0.shape))) })
      }
      let model = isAlone ? try made(saved, call.session) : call.raw(0)
      try saved.fill(model, call.session, fromPyTorch: isForeign)
      guard case .tensor = model else { return model }
      return call.session.parameters(of: model).first.map { .tensor($0.parameter.node) } ?? model
    })

  /// The model that a file describes, with other numbers.
  private static func made(_ saved: SavedModel, _ session: Session) throws -> Value {
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

  private static func checkOrigin(_ call: Call, _ path: String, _ isAlone: Bool) throws {
    let origin = try call.string(2)
    guard origin == "pytorch" else {
      throw Problem(.value, "from of load is \"pytorch\", not \"\(origin)\"", argument: 2)
    }
    if isAlone {
      throw Problem(
        .type, "a file of PyTorch does not say which model its tensors belong to", argument: 0,
        help: "write load(net, \"\(path)\", from: \"pytorch\") with a net of the same shape")
    }
  }
}

/// Text files, written whole or not at all.
package enum WholeText {
  /// - Parameter argument: the argument of a call that is the path.
  package static func write(_ text: String, to path: String, argument: Int? = nil) throws {
    do throws(DataProblem) { try WholeFile.write(Array(text.utf8), to: path) } catch {
      throw Problem(.file, error.message, argument: argument)
    }
  }
}
