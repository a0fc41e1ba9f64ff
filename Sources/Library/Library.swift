// Everything with a name in the language: one list of families.

import Autodiff
import Diagnostics
import Engine
import Explain
import Interpreter

package enum Library {
  /// All functions of the language.
  package static let functions: [HostFunction] =
    CoreFunctions.all + TensorFunctions.all
    + OperatorFunctions.all.filter { !TensorFunctions.all.map(\.name).contains($0.name) }
    + ActivationFunctions.all + ArrangementFunctions.all + StatisticFunctions.all
    + GradientFunctions.all + LayerFunctions.all + OptimizerFunctions.all
    + RegularizationFunctions.all + FreezingFunctions.all + TrainingFunctions.all
    + SummaryFunctions.all
    + LossFunctions.all + FoldFunctions.all + SearchFunctions.all + ToySetFunctions.all
    + ClassMetricFunctions.all + CurveFunctions.all
    + RegressionMetricFunctions.all + LinearAlgebra.all + LinearModelFunctions.all
    + TreeFunctions.all
    + AttributionFunctions.all
    + ImportanceFunctions.all + RowFunctions.all + TableFunctions.all
    + Scalers.all
    + EinsumFunctions.all + WindowFunctions.all + FigureFunctions.all + ReferenceFunctions.all
    + PictureFunctions.all
    + ClusterFunctions.all + NeighborFunctions.all + ProjectionFunctions.all
    + EmbeddingFunctions.all
    + TeachingFunctions.all
    + ImageFunctions.all + FileFunctions.all + TextFunctions.all

  /// A session in which everything has its name.
  package static func makeSession(output: @escaping (StyledText) -> Void) -> Session {
    let session = Session(output: output)
    session.install(functions)
    session.refusalStory = { [unowned session] in NonFinite.in(session).story($0) }
    session.installConstant("pi", .number(.pi))
    session.installConstant("inf", .number(.infinity))
    session.installConstant("nan", .number(.nan))
    session.installConstant("args", .list([]))
    session.installConstant("last", .foreign(LastValuesObject(session)))
    session.installConstant("script_folder", .string("."))
    for dtype in DType.allCases where dtype != .bool {
      session.installConstant(dtype.name, .foreign(DTypeObject(dtype)))
    }
    session.installConstant("bool", .foreign(DTypeObject(.bool)))
    session.tensorProperties["shape"] = { node, _ in shape(node.shape) }
    session.tensorProperties["dtype"] = { node, _ in .foreign(DTypeObject(node.dtype)) }
    for dtype in DType.allCases {
      session.tensorProperties[dtype.name] = { node, session in
        if node.dtype == dtype { return .tensor(node) }
        return .tensor(
          try session.graph.record(.convert, [node], Attributes(dtype: dtype)))
      }
    }
    return session
  }

  /// A shape as a value: indexes and prints like `[2, 3]`.
  static func shape(_ shape: Shape) -> Value { .list(shape.dims.map { .number(Double($0)) }) }

  /// Some rows of a tensor, table or list.
  static func rows(_ value: Value, _ picks: [Int], _ session: Session) throws -> Value {
    switch value {
    case .foreign(let table as TableObject): return table.rows(picks)
    case .list(let list): return .list(picks.map { list[$0] })
    default:
      guard let node = session.node(value), node.shape.rank > 0 else {
        throw Problem(.type, "\(value.typePhrase) has no rows")
      }
      return .tensor(try session.graph.record(.gather, [node, session.graph.indices(picks[...])]))
    }
  }

  /// A separate object with the same numbers.
  static func copy(_ value: Value, _ session: Session) throws -> Value {
    switch value {
    case .foreign(let object): return .foreign(try object.copy())
    case .function(let composition as CompositionObject):
      return .function(CompositionObject(try composition.stages.map { try copy($0, session) }))
    default: return value
    }
  }

  /// What a metric or loss is called in a history.
  static func name(of function: Value) -> String? {
    guard case .function(let function) = function, !(function is CompositionObject),
      !(function is PartialObject), function.name != "function"
    else { return nil }
    return function.name
  }
}
