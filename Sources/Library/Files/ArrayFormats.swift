// Tensors as NumPy and MNIST have them.

import Autodiff
import Datasets
import Engine
import Interpreter

extension FileFormat {
  static let npy = FileFormat(
    [".npy"],
    saving: ["A tensor is saved as .npy, a tuple or record of tensors as .npz, for NumPy."],
    loading: [
      "A .npy file gives a tensor, a .npz file a record of tensors. Half floats become f32, whole",
      "numbers of at most 16 bits i32, those of 32 bits without a sign i64.",
    ],
    examples: ["load(\"no-such-file.npy\")  # error: file"],
    accepts: { value, session in isNumbers(value, session) },
    write: { call, path in
      let tensors = try SafetensorsFormat.plain(call)
      try store(NPY.encode(tensors[0].buffer, tensors[0].shape), path)
      return .none
    },
    read: { call, path in
      let bytes = try bytes(call, path)
      let (buffer, shape) = try checked(0) { () throws(DataProblem) in try NPY.decode(bytes, path) }
      return .tensor(call.session.graph.leaf(buffer, shape))
    })

  static let npz = FileFormat(
    [".npz"],
    accepts: { value, session in
      let leaves = session.leaves(of: value)
      return !leaves.isEmpty && leaves.allSatisfy { isNumbers($0.1, session) }
    },
    write: { call, path in
      let tensors = try SafetensorsFormat.plain(call)
      let bytes = try checked(1) { () throws(DataProblem) in try NPZ.encode(tensors, path) }
      try store(bytes, path)
      return .none
    },
    read: { call, path in
      let bytes = try bytes(call, path)
      let tensors = try checked(0) { () throws(DataProblem) in
        try NPZ.decode(bytes, path, limit: limit) { Interrupts.isRequested }
      }
      return .record(
        tensors.map { ($0.name, .tensor(call.session.graph.leaf($0.buffer, $0.shape))) })
    })

  static let idx = FileFormat(
    [".idx", ".idx.gz", "-ubyte", "-ubyte.gz"],
    loading: [
      "load(\"train-images-idx3-ubyte.gz\") reads the format of MNIST (.idx, .idx.gz, -ubyte): images",
      "as f32 [n, height, width] from 0 to 255, class numbers as i64 [n].",
    ],
    read: { call, path in
      let (buffer, shape) = try checked(0) { () throws(DataProblem) in
        try IDX.read(path) { Interrupts.isRequested }
      }
      return .tensor(call.session.graph.leaf(buffer, shape))
    })

  /// A number or one tensor.
  static func isNumbers(_ value: Value, _ session: Session) -> Bool {
    if case .number = value { return true }
    return session.node(value) != nil
  }
}
