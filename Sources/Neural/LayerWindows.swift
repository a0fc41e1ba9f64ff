// What layers with windows share: their options, and errors that name the layer.

import Autodiff
import Engine

extension LayerCall {
  /// How the windows go.
  func windowOptions(stride: [Int], dilation: [Int] = [1]) -> WindowOptions {
    WindowOptions(
      stride: stride,
      padding: word("padding") == "same" ? .same : .elements(sizes("padding")),
      dilation: dilation)
  }

  /// `[n, 3, height, width]`
  private static func axes(_ channels: String, _ axes: Int) -> String {
    "[n, \(channels), \(axes == 1 ? "length" : "height, width")]"
  }

  /// Throws when x is not [n, channels, …] with so many axes behind.
  func checkChannels(_ x: Node, _ channels: Int, axes: Int) throws(OperatorProblem) {
    let shape = x.shape
    guard shape.rank != axes + 2 || shape[1] != channels else { return }
    throw OperatorProblem(
      .shape, "\(source) wants \(LayerCall.axes(String(channels), axes)) but got \(shape)",
      operands: [0], help: help(shape, channels, axes))
  }

  /// What makes images of the layer's channels of a shape.
  private func help(_ shape: Shape, _ channels: Int, _ axes: Int) -> String? {
    let dims = shape.dims
    let whole = String(repeating: ", ..", count: axes)
    if dims.count == axes + 2, dims.last == channels {
      let order = ([0, axes + 1] + Array(1...axes)).map(String.init).joined(separator: ", ")
      return "the channels are the last axis: write transpose({0}, \(order))"
    }
    if dims.count == axes + 2 {
      return "\(with(record.parameters[0].name, dims[1]).source) takes it"
    }
    if dims.count == axes + 1, dims[0] == channels {
      return "for a batch of one write {0}[none, ..\(whole)]"
    }
    if dims.count == axes + 1, channels == 1 { return "write {0}[.., none\(whole)]" }
    if dims.count == 2, axes == 2, dims[1] > 0, dims[1] % channels == 0 {
      let side = Int(Double(dims[1] / channels).squareRoot().rounded())
      if side * side * channels == dims[1] {
        return "put x -> reshape(x, -1, \(channels), \(side), \(side)) before it"
      }
    }
    return nil
  }

  /// Runs what records the layer's operator; its problems begin with the layer.
  func named(_ body: () throws(OperatorProblem) -> Node) throws(OperatorProblem) -> Node {
    do { return try body() } catch {
      guard error.kind == .shape || error.kind == .value else { throw error }
      var problem = error
      problem.message = "\(source): \(error.message)"
      problem.operands = [0]
      throw problem
    }
  }
}
