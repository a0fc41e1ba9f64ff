// NumPy's format of several arrays: a zip archive of .npy files.

import Engine

package enum NPZ {
  /// The arrays in the order of the archive, by their names without .npy.
  package static func decode(
    _ bytes: [UInt8], _ path: String, limit: Int, isInterrupted: () -> Bool
  ) throws(DataProblem) -> [NamedTensor] {
    var result: [NamedTensor] = []
    for entry in try Zip.decode(bytes, path, limit: limit, isInterrupted: isInterrupted) {
      guard entry.name.hasSuffix(".npy") else {
        throw DataProblem("\(path) holds \(entry.name), which is no array of NumPy")
      }
      let (buffer, shape) = try NPY.decode(entry.bytes, "\(entry.name) in \(path)")
      result.append(NamedTensor(name: String(entry.name.dropLast(4)), shape: shape, buffer: buffer))
    }
    return result
  }

  package static func encode(_ tensors: [NamedTensor], _ path: String) throws(DataProblem)
    -> [UInt8]
  {
    try Zip.encode(
      tensors.map { Zip.Entry(name: $0.name + ".npy", bytes: NPY.encode($0.buffer, $0.shape)) },
      path)
  }
}
