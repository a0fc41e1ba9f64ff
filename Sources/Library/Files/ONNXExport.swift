// A model as an ONNX file: what it records for an example, with the number of rows left open.

import Autodiff
import Datasets
import Engine
import Interpreter

enum ONNXExport {
  /// Writes what a model computes for inputs like those of `example`: a tensor [n, …], or a tuple of them
  /// for a model of several.
  static func write(
    _ model: Value, like example: Value?, to path: String, _ session: Session
  ) throws {
    guard session.isCallable(model) else {
      throw Problem(
        .type, "an .onnx file holds a model, not \(model.typePhrase)", argument: 0)
    }
    guard let example else {
      throw Problem(
        .value, "an .onnx file needs an example of the model's input", argument: 0,
        help: "write save(net, \"\(path)\", input: x)")
    }
    if case .foreign(let object) = first(model), object is EncodedTable {
      throw Problem(
        .type, "encode makes numbers of words, which ONNX does not", argument: 0,
        help: "write the stages behind it, and encode the table before")
    }
    // What was there before is numbers, however it was made.
    try session.graph.force(SavedTensor.all(of: model, session).compactMap(\.parameter?.node))
    try session.graph.flush()
    let inputs = try examples(example, session)
    let graph = try graph(model, inputs, session)
    do throws(DataProblem) {
      try WholeFile.write(ONNXFile.bytes(graph, producer: "nns", version: "0.1.0"), to: path)
    } catch { throw Problem(.file, error.message, argument: 1) }
  }

  private static func first(_ model: Value) -> Value {
    if case .function(let composition as CompositionObject) = model {
      return composition.stages.first ?? model
    }
    return model
  }

  private static func examples(_ example: Value, _ session: Session) throws -> [Node] {
    var parts = [example]
    if case .tuple(let tuple) = example { parts = tuple.elements }
    return try parts.map { part in
      var value = part
      if case .foreign(let table as TableObject) = value { value = try table.tensor(session) }
      guard let node = session.node(value) else {
        throw Problem(
          .type, "input of save is a tensor or a tuple of them, not \(part.typePhrase)",
          argument: 2)
      }
      guard node.shape.rank > 0, node.shape[0] > 0 else {
        throw Problem(
          .shape, "input of save has rows, as the model gets them: [n, …], not \(node.shape)",
          argument: 2)
      }
      return node
    }
  }

  private static func graph(_ model: Value, _ examples: [Node], _ session: Session) throws
    -> ONNXGraph
  {
    // Two numbers of rows tell which sizes are those of the batch.
    let (own, other) = (
      try run(model, examples, ONNXTrace.rows, session),
      try run(model, examples, ONNXTrace.otherRows, session)
    )
    defer { for variable in own.inputs + other.inputs { session.graph.end(variable) } }
    guard own.outputs.count == other.outputs.count else {
      throw Problem(.value, "the model gives another number of results for more rows", argument: 0)
    }
    let tensors = SavedTensor.all(of: model, session)
    let names = { (count: Int, word: String, index: Int) in
      count == 1 ? word : "\(word)_\(index)"
    }
    return try ONNXTrace.graph(
      inputs: own.inputs.indices.map {
        (names(own.inputs.count, "input", $0), own.inputs[$0], other.inputs[$0])
      },
      outputs: own.outputs.indices.map {
        (names(own.outputs.count, "output", $0), own.outputs[$0], other.outputs[$0])
      },
      names: { parameter in tensors.first { $0.parameter === parameter }?.name })
  }

  /// The model on so many rows like those of the examples.
  private static func run(
    _ model: Value, _ examples: [Node], _ rows: Int, _ session: Session
  ) throws -> (inputs: [Node], outputs: [Node]) {
    let graph = session.graph
    let inputs = try examples.map { example in
      let picks = (0..<rows).map { $0 % example.shape[0] }
      let node = try graph.record(.gather, [example, graph.indices(picks[...])])
      try graph.force([node])
      return try graph.variable(graph.copied(node))
    }
    graph.notesLooks = true
    defer { graph.notesLooks = false }
    let result = try session.call(model, inputs.map { .tensor($0) }, named: [])
    if let node = graph.looked {
      throw OperatorProblem(
        .value,
        "the model looks at numbers that depend on its input, and may go another way for others: "
          + "it has no one ONNX graph", origin: node.origin)
    }
    var parts = [result]
    if case .tuple(let tuple) = result { parts = tuple.elements }
    let outputs = try parts.map { part in
      guard let node = session.node(part) else {
        throw Problem(.type, "the model gives \(part.typePhrase), not a tensor", argument: 0)
      }
      return node
    }
    return (inputs, outputs)
  }
}
