// The number that a filled formula stands for.

import Autodiff
import Glibc

extension Formula {
  /// Its value; NaN while holes are open.
  package var evaluated: Double {
    switch self {
    case .hole, .over: .nan
    case .number(let x), .rest(_, let x): x
    case .name(let name): name == "π" ? .pi : M_E
    case .value(let symbol): symbol.value
    case .sum(let terms):
      terms.reduce(0) { $0 + ($1.isMinus ? -$1.formula.evaluated : $1.formula.evaluated) }
    case .product(let factors):
      factors.reduce(1) { Formula.joined($0, $1.join, $1.formula.evaluated) }
    case .negative(let a): -a.evaluated
    case .power(let a, let b): pow(a.evaluated, b.evaluated)
    case .square(let a): a.evaluated * a.evaluated
    case .call(let name, let arguments): Formula.call(name, arguments.map(\.evaluated))
    case .comparison(let parts, let signs):
      signs.indices.allSatisfy {
        Formula.holds(parts[$0].evaluated, signs[$0], parts[$0 + 1].evaluated)
      } ? 1 : 0
    }
  }

  private static func joined(_ a: Double, _ join: Join, _ b: Double) -> Double {
    switch join {
    case .dot, .beside: a * b
    case .over: a / b
    case .modulo: Operator.floorRemainder(a, b)
    }
  }

  private static func holds(_ a: Double, _ sign: String, _ b: Double) -> Bool {
    switch sign {
    case "≤": a <= b
    case "≥": a >= b
    case "<": a < b
    default: a > b
    }
  }

  /// The functions that records use in their formulas.
  package static func call(_ name: String, _ x: [Double]) -> Double {
    guard let a = x.first else { return .nan }
    switch name {
    case "√", "sqrt": return a.squareRoot()
    case "exp": return exp(a)
    case "log": return log(a)
    case "sin": return sin(a)
    case "cos": return cos(a)
    case "tanh": return tanh(a)
    case "abs": return a.magnitude
    case "sign": return a > 0 ? 1 : (a < 0 ? -1 : 0)
    case "floor": return a.rounded(.down)
    case "sigmoid": return 1 / (1 + exp(-a))
    case "relu": return Swift.max(a, 0)
    case "gelu": return a * (1 + erf(a / 2.0.squareRoot())) / 2
    case "silu": return a / (1 + exp(-a))
    case "softplus": return log1p(exp(a))
    case "erf": return erf(a)
    case "Φ": return (1 + erf(a / 2.0.squareRoot())) / 2
    case "φ": return exp(-a * a / 2) / (2 * Double.pi).squareRoot()
    case "max": return x.max() ?? a
    case "min": return x.min() ?? a
    case "clip" where x.count == 3: return Swift.min(Swift.max(a, x[1]), x[2])
    case "atan2" where x.count == 2: return atan2(a, x[1])
    case "hypot" where x.count == 2: return hypot(a, x[1])
    default: return elementary(name, x)
    }
  }

  /// A function that is an operator of one element, as its loops compute it.
  private static func elementary(_ name: String, _ x: [Double]) -> Double {
    guard x.count == 1, case .element(let operation)? = Catalogue.named(name)?.role else {
      return .nan
    }
    return operation.ofNumber?(x[0]) ?? .nan
  }
}
