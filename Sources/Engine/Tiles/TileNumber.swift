// The functions of one element for plain numbers, with the bits that loops give.

extension TileOperation {
  /// The operation on one number; nil where it takes more than one, or an attribute.
  package var ofNumber: (@Sendable (Double) -> Double)? {
    switch self {
    case .exp: { .exp($0) }
    case .log: { .log($0) }
    case .sqrt: { $0.squareRoot() }
    case .sin: { .sin($0) }
    case .cos: { .cos($0) }
    case .tanh: { .tanh($0) }
    case .abs: { $0.magnitude }
    case .sign: { .sign($0) }
    case .floor: { $0.rounded(.down) }
    case .round: { $0.rounded(.toNearestOrEven) }
    case .sigmoid: { .sigmoid($0) }
    case .relu: { $0 > 0 || $0.isNaN ? $0 : 0 }
    case .gelu: { .gelu($0) }
    case .silu: { .silu($0) }
    case .softplus: { .softplus($0) }
    case .erf: { .erf($0) }
    case .ceil: { $0.rounded(.up) }
    case .trunc: { $0.rounded(.towardZero) }
    default: libraryFunction(Double.self)
    }
  }
}
