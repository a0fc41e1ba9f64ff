// What a plot is given: numbers, tables of numbers by columns, functions, a figure to draw over.

import Autodiff
import Engine
import Interpreter
import Plots

/// The arguments of a call that draws, wherever the figure stands among them.
struct FigureData {
  private static let mostColumns = 24
  private static let samples = 200

  let call: Call
  /// The figure that is drawn over.
  private(set) var figure = Figure()
  private var isOverlay = false
  /// The places of the arguments that are no figure.
  private(set) var places: [Int] = []

  /// Looks at the first `count` arguments.
  init(_ call: Call, count: Int) {
    self.call = call
    for index in 0..<count where call.isGiven(index) {
      if case .foreign(let object as FigureObject) = call.value(index), !isOverlay {
        (figure, isOverlay) = (object.figure, true)
      } else {
        places.append(index)
      }
    }
  }

  /// The name of an argument for messages: after a figure, what comes first is x all the same.
  private func problem(_ place: Int, _ wanted: String) -> Problem {
    Problem(.type, "\(call.name) draws \(wanted)", argument: place)
  }

  /// The numbers of an argument, computed; a list of numbers will do.
  private func numbers(_ place: Int) throws -> (buffer: Buffer, shape: Shape)? {
    let value = call.value(place)
    let node: Node
    if let tensor = call.session.node(value) {
      node = tensor
    } else if case .list(let list) = value {
      guard !list.elements.isEmpty else { return nil }
      for element in list.elements where call.session.node(element) == nil {
        throw problem(place, "numbers, and a \(element.typeName) is none")
      }
      guard case .tensor(let tensor) = try call.session.brackets(Array(list.elements)) else {
        throw problem(place, "lists of equal length")
      }
      node = tensor.node
    } else {
      throw problem(place, "numbers, not a \(value.typeName)")
    }
    try call.session.graph.force([node])
    return node.buffer.map { ($0, node.shape) }
  }

  /// All numbers of an argument.
  func all(_ place: Int) throws -> PlotValues {
    let values = try numbers(place).map { PlotValues($0.buffer, count: $0.buffer.count) }
    return try filled(values ?? PlotValues([]), place)
  }

  /// The numbers of an argument: one list, or one a column of a matrix.
  func columns(_ place: Int) throws -> [PlotValues] {
    guard let (buffer, shape) = try numbers(place) else { return [PlotValues([])] }
    guard shape.rank <= 2 else {
      throw Problem(
        .shape, "\(call.name) draws a list or the columns of a matrix, not \(shape)",
        argument: place)
    }
    // One row is one list of numbers, as one column is.
    guard shape.rank == 2, shape[0] != 1, shape[1] != 1 else {
      return [PlotValues(buffer, count: shape.count)]
    }
    guard shape[1] <= Self.mostColumns else {
      throw Problem(
        .shape,
        "\(call.name) draws a line a column, at most \(Self.mostColumns), not \(shape[1])",
        argument: place, help: "write x' to draw the rows, or reshape(x, \(shape.count)) for one")
    }
    return (0..<shape[1]).map {
      PlotValues(buffer, start: $0, stride: shape[1], count: shape[0])
    }
  }

  /// The elements of an argument that is a list and begins with a text; nil for every other.
  static func texts(_ call: Call, _ place: Int) -> [Value]? {
    guard case .list(let list) = call.value(place), list.count > 0, case .string = list[0] else {
      return nil
    }
    return list.elements
  }

  /// The seconds of an argument that is a list of dates; nil where it is none.
  private func dates(_ place: Int) throws -> PlotValues? {
    guard let texts = FigureData.texts(call, place) else { return nil }
    var seconds: [Double] = []
    for (index, element) in texts.enumerated() {
      guard case .string(let text) = element, let time = CalendarTime.seconds(text.text) else {
        let shown = try call.session.echo(element)
        throw Problem(
          .value, "\(shown), number \(index) of x, is no date", argument: place,
          help: "dates are written 2024-03-01, 2024-03 or 2024-03-01T12:30")
      }
      seconds.append(time)
    }
    return PlotValues(seconds)
  }

  /// Whether the x values that are drawn are dates: those of the call, or those of the figure below.
  var hasDates: Bool {
    guard let first = places.first else { return false }
    if places.count == 1 { return figure.hasDates && call.session.isCallable(call.value(first)) }
    return FigureData.texts(call, first) != nil
  }

  /// Pairs of x and y; x is nil where they are counted.
  func series() throws -> [(x: PlotValues?, y: PlotValues)] {
    guard let first = places.first else {
      throw Problem(.type, "\(call.name) wants numbers to draw")
    }
    guard places.count < 3 else {
      throw problem(places[2], "x and y; write color: or label: before what is neither")
    }
    if places.count == 1 {
      if call.session.isCallable(call.value(first)) { return [try sampled(first)] }
      return try columns(first).map { (nil, try filled($0, first)) }
    }
    let x = try dates(first).map { [$0] } ?? columns(first)
    if call.session.isCallable(call.value(places[1])) {
      return try x.map { x in
        (x, try values(of: call.value(places[1]), places[1], (0..<x.count).map { x[$0] }))
      }
    }
    let y = try columns(places[1])
    guard x.count == 1 || x.count == y.count, x.first?.count == y.first?.count else {
      throw Problem(
        .shape,
        "x and y of \(call.name) do not fit: \(size(places[0])) and \(size(places[1]))",
        argument: places[1])
    }
    return try y.enumerated().map { (x[x.count == 1 ? 0 : $0], try filled($1, places[1])) }
  }

  private func size(_ place: Int) -> String {
    let count = call.session.length(call.value(place))
    return call.session.node(call.value(place)).map { "\($0.shape)" }
      ?? (count.map { "a list of \($0)" } ?? "a list")
  }

  private func filled(_ values: PlotValues, _ place: Int) throws -> PlotValues {
    guard values.count > 0 else {
      throw Problem(
        .value, "\(call.name) has nothing to draw: there are no numbers", argument: place)
    }
    return values
  }

  /// A function over the range of the figure, or from −5 to 5.
  private func sampled(_ place: Int) throws -> (x: PlotValues?, y: PlotValues) {
    var range = figure.xRange ?? -5...5
    if let from = try bound("from") { range = from...max(from, range.upperBound) }
    if let to = try bound("to") { range = min(to, range.lowerBound)...to }
    guard range.lowerBound < range.upperBound else {
      throw Problem(.value, "a function is drawn from a smaller to a larger number")
    }
    let xs = (0..<Self.samples).map { index in
      let share = Double(index) / Double(Self.samples - 1)
      return range.lowerBound * (1 - share) + range.upperBound * share
    }
    return (PlotValues(xs), try values(of: call.value(place), place, xs))
  }

  private func bound(_ name: String) throws -> Double? {
    guard let index = call.given(name) else { return nil }
    let value = try call.number(index)
    guard value.isFinite else {
      throw Problem(.value, "\(name) of \(call.name) is a finite number", argument: index)
    }
    return value
  }

  private func values(of function: Value, _ place: Int, _ xs: [Double]) throws -> PlotValues {
    let ys = try xs.map { x -> Double in
      let result = try call.invoke(function, [.number(x)])
      guard let node = call.session.node(result), node.shape.count == 1 else {
        throw problem(
          place, "a function that gives a number for a number; this gives a \(result.typeName)")
      }
      return try call.session.graph.item(node)
    }
    return PlotValues(ys)
  }
}
