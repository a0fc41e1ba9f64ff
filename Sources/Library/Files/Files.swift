// save and load.

import Autodiff
import Datasets
import Engine
import Interpreter

enum FileFunctions {
  static let all: [HostFunction] = [save, load]
  private typealias P = HostFunction.Parameter

  static let save: HostFunction = HostFunction(
    name: "save", summary: "Writes a model, tensors, a table, a picture or a figure to a file.",
    category: "Files",
    parameters: [
      P(
        "net",
        "a model, a scaler, an optimizer, a tuple or record of them; tensors; a table; or a figure"),
      P("path", "a file name that ends in \(FileFormat.list(FileFormat.written))"),
      P("input", "for .onnx: an example of what the model gets", default: .optional("none")),
    ],
    details: FileFormat.all.flatMap(\.saving),
    examples: ["save(dense(2, 2), \"no-such-folder/net.safetensors\")  # error: file"],
    action: { call in
      let path = try call.string(1)
      let value = call.value(0)
      let formats = FileFormat.all.filter { $0.accepts(value, call.session) }
      guard let format = formats.first(where: { FileFormat.ends(path, in: $0.suffixes[0]) }),
        let write = format.write
      else {
        let phrase = call.session.parameters(of: call.raw(0)).isEmpty ? value.typePhrase : "a model"
        throw Problem(
          .value,
          "\(phrase) is saved as \(FileFormat.list(formats.map { $0.suffixes[0] })), not as \(path)",
          argument: 1)
      }
      guard !call.isGiven(2) || format.suffixes == [".onnx"] else {
        throw Problem(.value, "input is for .onnx files, not for \(path)", argument: 2)
      }
      guard call.session.isRehearsal else { return try write(call, path) }
      call.session.unwritten.insert(path)
      return .none
    })

  static let load: HostFunction = HostFunction(
    name: "load", summary: "Fills a model with what was saved, or reads a file.",
    category: "Files",
    parameters: [
      P("net", "a model of the same shape, or the file alone"),
      P(
        "path",
        "a .safetensors file; the file alone may end in \(FileFormat.list(FileFormat.readable))",
        default: .optional("none")),
      P("from", "\"pytorch\" for a state_dict of PyTorch", default: .optional("none")),
    ],
    details: FileFormat.all.flatMap(\.loading),
    examples: [
      "load(dense(2, 2), \"no-such-file.safetensors\")  # error: file",
      "load(\"no-such-file.safetensors\")  # error: file",
    ] + FileFormat.all.flatMap(\.examples),
    action: { call in
      let isAlone: Bool
      if case .string = call.value(0), !call.isGiven(1) { isAlone = true } else { isAlone = false }
      let path = try call.string(isAlone ? 0 : 1)
      try call.session.checkIsThere(path)
      let isForeign = call.isGiven(2)
      if isForeign { try checkOrigin(call, path, isAlone) }
      let format = FileFormat.named(path)
      guard isAlone else {
        guard format == nil || format?.suffixes == FileFormat.safetensors.suffixes else {
          throw Problem(
            .value, "a model is filled from a .safetensors file, not from \(path)", argument: 1)
        }
        return try SafetensorsFormat.fill(call, path, fromPyTorch: isForeign)
      }
      guard let format, let read = format.read else {
        throw Problem(
          .file,
          "load reads files that end in \(FileFormat.list(FileFormat.readable)), not \(path)",
          argument: 0)
      }
      return try read(call, path)
    })

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
