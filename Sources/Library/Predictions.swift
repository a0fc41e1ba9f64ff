// `nns predict`: a saved model as a filter from comma-separated values to comma-separated values.

import Autodiff
import Datasets
import Engine
import Interpreter

package enum Predictions {
  /// What a saved model gives for the rows of a table.
  ///
  /// A model that begins with `encode` finds its columns by their names and leaves others alone; any other
  /// gets all columns in their order. One column of results is called prediction, of several each has its number; a model
  /// that gives a table names them itself.
  ///
  /// - Parameters:
  ///   - model: a file that `save` wrote.
  ///   - path: a file of comma-separated values whose first line names the columns, or `-` for standard
  ///     input.
  ///   - standardInput: reads it to its end.
  package static func text(
    _ model: String, _ path: String, standardInput: () -> [UInt8], _ session: Session
  ) throws -> String {
    let bytes: [UInt8]
    let name = path == "-" ? "standard input" : path
    do throws(DataProblem) {
      bytes =
        try path == "-" ? standardInput() : WholeFile.read(path) { Interrupts.isRequested }
    } catch { throw Problem(.file, error.message) }
    var table: Table
    do throws(DataProblem) { table = try CSV.parse(bytes) { Interrupts.isRequested } } catch {
      throw Problem(error, in: name, argument: 0)
    }
    let net = try session.call(function(FileFunctions.load, session), [.string(model)], named: [])
    guard session.isCallable(net) else {
      throw Problem(
        .type, "\(model) holds \(net.typePhrase), not a model alone",
        help: "save the model by itself: save(net, \"\(model)\")")
    }
    if let encoder = TrainingFunctions.encoder(of: net)?.encoder {
      let names = encoder.columns.map(\.name)
      if let missing = names.first(where: { table[$0] == nil }) {
        throw Problem(.data, "\(name) has no column \(missing), which \(model) needs")
      }
      table = table.selecting(names)
    }
    let result = try session.call(
      function(TrainingFunctions.predict, session), [net, .foreign(TableObject(table))], named: [])
    if case .foreign(let object as TableObject) = result { return CSV.text(object.table) }
    return try CSV.text(columns(result, rows: table.rowCount, session))
  }

  private static func function(_ host: HostFunction, _ session: Session) throws -> Value {
    guard let function = session.globals[host.name] else {
      throw Problem(.internal, "\(host.name) is not installed")
    }
    return function
  }

  /// A result [n] or [n, k] as columns.
  private static func columns(_ result: Value, rows: Int, _ session: Session) throws -> Table {
    guard let node = session.node(result) else {
      throw Problem(.type, "the model gives \(result.typePhrase), not a tensor")
    }
    guard node.shape.rank > 0, node.shape.rank < 3, node.shape[0] == rows else {
      throw Problem(
        .shape, "the model gives the shape \(node.shape) for \(rows) rows, not [\(rows), k]")
    }
    let values = try session.graph.values(node)
    let width = node.shape.rank == 2 ? node.shape[1] : 1
    return Table(
      (0..<width).map { column in
        (
          width == 1 ? "prediction" : "prediction_\(column)",
          .numbers((0..<rows).map { values[$0 * width + column] })
        )
      })
  }
}
