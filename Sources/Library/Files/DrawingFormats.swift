// Tables as text, pictures as PNG, figures as SVG.

import Autodiff
import Datasets
import Engine
import Interpreter
import Plots

extension FileFormat {
  static let csv = FileFormat(
    [".csv", ".csv.gz"],
    saving: ["A table is saved as .csv."],
    loading: ["A .csv file gives a table, as read_csv(path) does."],
    examples: ["load(\"no-such-file.csv\")  # error: file"],
    accepts: { value, _ in
      guard case .foreign(let object as TableObject) = value else { return false }
      return !(object is EncodedTable)
    },
    write: { call, path in
      guard case .foreign(let object as TableObject) = call.value(0) else { return .none }
      try WholeText.write(CSV.text(object.table), to: path, argument: 1)
      return .none
    },
    read: { call, path in try TableFunctions.read(call, path) })

  static let svg = FileFormat(
    [".svg"],
    saving: ["A figure or the drawing of a tree is saved as .svg, or as a picture, .png."],
    accepts: { value, _ in isDrawing(value) },
    write: { call, path in
      guard let svg = drawing(call.value(0)) else { return .none }
      try WholeText.write(svg, to: path, argument: 1)
      return call.value(0)
    })

  private static func isDrawing(_ value: Value) -> Bool {
    guard case .foreign(let object) = value else { return false }
    return object is FigureObject || object is any SVGPicture
  }

  /// What is drawn, as SVG; nil for all else.
  private static func drawing(_ value: Value) -> String? {
    switch value {
    case .foreign(let object as FigureObject): SVGPlot.render(object.figure)
    case .foreign(let object as any SVGPicture): object.svg
    default: nil
    }
  }

  static let png = FileFormat(
    [".png"],
    saving: [
      "A tensor of numbers from 0 to 1 is saved as a picture, .png: [height, width] is grey,",
      "[3, height, width] red, green, blue; a last plane more, the second or fourth, is how opaque",
      "it is. image_grid puts several pictures into one.",
    ],
    loading: [
      "A .png file gives a picture of numbers from 0 to 1, as save takes it: f32 [height, width], or",
      "[planes, height, width] where it has colours or is transparent.",
    ],
    examples: ["load(\"no-such-file.png\")  # error: file"],
    accepts: { value, session in session.node(value) != nil || isDrawing(value) },
    write: { call, path in
      if let svg = drawing(call.value(0)) {
        let bytes = try checked(1) { () throws(DataProblem) in
          try PNG.encode(Drawing.picture(of: svg), path)
        }
        try store(bytes, path)
        return call.value(0)
      }
      let image = try ImageTensor.image(call, 0)
      let bytes = try checked(1) { () throws(DataProblem) in try PNG.encode(image, path) }
      try store(bytes, path)
      return .none
    },
    read: { call, path in
      let bytes = try bytes(call, path)
      let image = try checked(0) { () throws(DataProblem) in try PNG.decode(bytes, path) }
      let shape =
        image.channels == 1
        ? [image.height, image.width] : [image.channels, image.height, image.width]
      return .tensor(try ImageTensor.tensor([image], shape, call.session))
    })
}
