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
    name: "save", summary: "Writes a model's parameters as safetensors, or a figure as SVG.",
    category: "Files",
    parameters: [
      P("net", "a model or a figure"), P("path", "a file name that ends in .safetensors or .svg"),
    ],
    examples: ["save(dense(2, 2), \"no-such-folder/net.safetensors\")  # error: file"],
    action: { call in
      let path = try call.string(1)
      if case .foreign(let object as FigureObject) = call.value(0) {
        guard path.hasSuffix(".svg") else {
          throw Problem(.value, "a figure is saved as .svg, not as \(path)", argument: 1)
        }
        do throws(DataProblem) {
          try WholeFile.write(Array(SVGPlot.render(object.figure).utf8), to: path)
        } catch { throw Problem(.file, error.message, argument: 1) }
        return call.value(0)
      }
      guard path.hasSuffix(".safetensors") else {
        throw Problem(.value, "a model is saved as .safetensors, not as \(path)", argument: 1)
      }
      let parameters = call.session.parameters(of: call.raw(0))
      guard !parameters.isEmpty else {
        throw Problem(.type, "there are no params in a \(call.value(0).typeName)", argument: 0)
      }
      try call.session.graph.force(parameters.map(\.parameter.node))
      let tensors = parameters.compactMap { path, parameter -> NamedTensor? in
        guard let buffer = parameter.node.buffer else { return nil }
        return NamedTensor(
          name: path.isEmpty ? "value" : path, shape: parameter.node.shape, buffer: buffer)
      }
      let source = ModelSource.text(call.raw(0), call.session)
      let metadata = source.map { [(key: ModelSource.key, text: $0)] } ?? []
      do throws(DataProblem) {
        try SafeTensors.write(tensors, metadata: metadata, to: path)
      } catch {
        throw Problem(.file, error.message, argument: 1)
      }
      return .none
    })

  static let load: HostFunction = HostFunction(
    name: "load", summary: "Fills a model with parameters that were saved, or makes it anew.",
    category: "Files",
    parameters: [
      P("net", "a model of the same shape, or the file alone"),
      P("path", "a .safetensors file", default: .optional("none")),
    ],
    details: [
      "load(path) makes the model again from the layers that save noted in the file; a model",
      "that was declared with `model` has to be declared before.",
    ],
    examples: [
      "load(dense(2, 2), \"no-such-file.safetensors\")  # error: file",
      "load(\"no-such-file.safetensors\")  # error: file",
    ],
    action: { call in
      let isAlone: Bool
      if case .string = call.value(0), !call.isGiven(1) { isAlone = true } else { isAlone = false }
      let path = try call.string(isAlone ? 0 : 1)
      let file: SafeTensors.File
      do throws(DataProblem) { file = try SafeTensors.read(path) } catch {
        throw Problem(.file, "\(path): \(error.message)", argument: isAlone ? 0 : 1)
      }
      guard isAlone else { return try fill(call.raw(0), file, path, call.session) }
      guard let source = file.metadata[ModelSource.key] else {
        throw Problem(
          .data, "\(path) does not say which model its tensors belong to", argument: 0,
          help: "write load(net, \"\(path)\") with a net of the same shape")
      }
      // The layers' first numbers are replaced at once: they must not move the random stream.
      let random = call.session.graph.random
      defer { call.session.graph.random = random }
      let model = try ModelSource.make(source, path, call.session)
      return try fill(model, file, path, call.session)
    })

  /// Stores what a file holds to the params of a model, after everything was checked.
  private static func fill(
    _ model: Value, _ file: SafeTensors.File, _ path: String, _ session: Session
  ) throws -> Value {
    let parameters = session.parameters(of: model)
    var pairs: [(Parameter, NamedTensor)] = []
    for (name, parameter) in parameters {
      let wanted = name.isEmpty ? "value" : name
      guard let tensor = file.tensors.first(where: { $0.name == wanted }) else {
        throw Problem(.data, "\(path) has no tensor named \(wanted)", argument: 1)
      }
      guard tensor.shape == parameter.node.shape else {
        throw Problem(
          .shape, "\(wanted) has the shape \(parameter.node.shape), in \(path) \(tensor.shape)",
          argument: 0)
      }
      if let index = tensor.buffer.firstNonFinite {
        throw Problem(
          .data,
          "\(wanted) in \(path) is not finite: its element \(index) is "
            + NumberFormat.shortest(tensor.buffer[index]), argument: 1)
      }
      pairs.append((parameter, tensor))
    }
    for (parameter, tensor) in pairs {
      try parameter.store(session.graph.leaf(tensor.buffer, tensor.shape))
    }
    if case .tensor = model, let parameter = parameters.first?.parameter {
      return .tensor(parameter.node)
    }
    return model
  }
}

/// Text files, written whole or not at all.
package enum WholeText {
  package static func write(_ text: String, to path: String) throws {
    do throws(DataProblem) { try WholeFile.write(Array(text.utf8), to: path) } catch {
      throw Problem(.file, error.message)
    }
  }
}
