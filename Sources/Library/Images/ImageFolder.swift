// A folder of pictures as the data of a training.

import Autodiff
import Datasets
import Engine
import Interpreter

extension ImageFunctions {
  static let loadImages: HostFunction = HostFunction(
    name: "load_images",
    summary: "All PNG pictures in a folder, with a class for each folder in it.",
    category: "Files",
    parameters: [
      HostFunction.Parameter("folder", "a folder of .png files, or of folders of them"),
      HostFunction.Parameter(
        "size", "(height, width) to which they are made", default: .optional("none")),
      HostFunction.Parameter(
        "planes", "1 makes all grey, 3 red, green, blue", default: .optional("none")),
    ],
    details: [
      "Gives a record: x, f32 [n, height, width] or [n, planes, height, width] from 0 to 1; files,",
      "their names; of a folder of folders also y, class numbers [n], and classes, the names of the",
      "folders. Names are sorted, so that the same folder gives the same data.",
      "Without size and planes all pictures have to be of one size and kind.",
    ],
    examples: ["load_images(\"no-such-folder\")  # error: file"],
    action: { call in
      let folder = try call.string(0)
      let size = call.isGiven(1) ? try ImageFunctions.size(call, 1) : nil
      let planes = call.isGiven(2) ? try call.int(2) : nil
      guard planes == nil || planes == 1 || planes == 3 else {
        throw Problem(.value, "planes is 1 or 3, not \(planes ?? 0)", argument: 2)
      }
      let found = try FileFormat.checked(0) { () throws(DataProblem) in try ImageFolder(folder) }
      let x = try found.pictures(call, planes, size)
      var fields: [(String, Value)] = [("x", .tensor(x))]
      if !found.classes.isEmpty {
        let numbers = found.files.map { Double($0.classNumber) }
        fields.append(
          (
            "y",
            .tensor(
              try call.session.graph.tensor(numbers, shape: [numbers.count], dtype: .i64))
          ))
        fields.append(("classes", .list(found.classes.map { .string($0) })))
      }
      fields.append(("files", .list(found.files.map { .string($0.name) })))
      return .record(fields)
    })
}

/// The PNG files of a folder, or of the folders in it.
private struct ImageFolder {
  let folder: String
  private(set) var classes: [String] = []
  private(set) var files: [(name: String, classNumber: Int)] = []

  init(_ folder: String) throws(DataProblem) {
    self.folder = folder
    let entries = try Folder.entries(folder)
    classes = entries.filter(\.isFolder).map(\.name)
    files = Self.pictures(entries).map { ($0, 0) }
    guard files.isEmpty || classes.isEmpty else {
      throw DataProblem("\(folder) has pictures beside folders: which class are they?")
    }
    for (number, name) in classes.enumerated() {
      let inside = Self.pictures(try Folder.entries("\(folder)/\(name)"))
      files += inside.map { ("\(name)/\($0)", number) }
    }
    guard !files.isEmpty else { throw DataProblem("there are no .png files in \(folder)") }
  }

  private static func pictures(_ entries: [(name: String, isFolder: Bool)]) -> [String] {
    entries.filter { !$0.isFolder && ($0.name.hasSuffix(".png") || $0.name.hasSuffix(".PNG")) }
      .map(\.name)
  }

  func pictures(_ call: Call, _ planes: Int?, _ size: (height: Int, width: Int)?) throws -> Node {
    var images: [PNG.Image] = []
    for file in files {
      try Graph.checkInterrupt()
      let path = "\(folder)/\(file.name)"
      let bytes = try FileFormat.bytes(call, path)
      var image = try FileFormat.checked(0) { () throws(DataProblem) in
        try PNG.decode(bytes, path, channels: planes)
      }
      if let size { image = try ImageTensor.resized(image, size, call.session) }
      if let first = images.first { try check(image, first, file.name) }
      images.append(image)
    }
    let first = images[0]
    let planes = first.channels == 1 ? [] : [first.channels]
    return try ImageTensor.tensor(
      images, [images.count] + planes + [first.height, first.width], call.session)
  }

  private func check(_ image: PNG.Image, _ first: PNG.Image, _ name: String) throws {
    guard image.height == first.height, image.width == first.width else {
      throw Problem(
        .data,
        "\(name) has \(image.height) × \(image.width) pixels, \(files[0].name) \(first.height) × "
          + "\(first.width)", argument: 0,
        help: "size: (\(first.height), \(first.width)) makes all of one size")
    }
    guard image.channels == first.channels else {
      throw Problem(
        .data,
        "\(name) has \(image.channels) planes, \(files[0].name) has \(first.channels)", argument: 0,
        help: "planes: 1 makes all grey, planes: 3 red, green, blue")
    }
  }
}
