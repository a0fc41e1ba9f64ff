import Engine

/// The recorder and runner of tensor operators of one session.
///
/// `record` checks shapes at once and computes nothing. `force` finds or makes the plan for what is
/// asked and runs it. Not thread-safe: a session is one thread.
package final class Graph {
  /// Where the interpreter stands; recorded nodes remember it.
  package var origin = Origin.unknown
  /// Polled between steps; true makes `force` throw a problem of kind `interrupt`.
  package var isInterrupted: () -> Bool = { false }
  /// The element type of literals and of numbers that meet no tensor.
  package var defaultDType = DType.f32
  /// The random stream; counters are taken when an operator is recorded.
  package var random = RandomStream(seed: 0)

  package init() {}
}
