// Adam and what follows it.

import Autodiff
import Glibc

extension Optimizers {
  /// Kingma and Ba 2015, with bias correction.
  package static let adam: OptimizerRule = OptimizerRule(
    name: "adam", summary: "Adam: step sizes from running means of the gradient and its square.",
    options: options(weightDecay: 0), states: ["m", "v"],
    numbers: { o, t in moments(o, t) + [(o["weight_decay"], "λ")] }
  ) { p, g, state, n, o, _ in
    moments(p, o["weight_decay"] != 0 ? g + n[7] * p : g, state, n)
  }

  /// Loshchilov and Hutter 2019: the weight decay apart from the gradient.
  package static let adamw: OptimizerRule = OptimizerRule(
    name: "adamw", summary: "Adam with the weight decay apart from the gradient.",
    options: options(weightDecay: 0.01), states: ["m", "v"],
    numbers: { o, t in moments(o, t) + [(1 - o["lr"] * o["weight_decay"], "(1 − lr λ)")] }
  ) { p, g, state, n, _, _ in moments(p * n[7], g, state, n) }

  /// Dozat 2016: Adam with Nesterov's look ahead. Its momentum rises from half of β₁ to β₁,
  /// μ_t = β₁ (1 − 0.96^(0.004 t) / 2), PyTorch's form.
  package static let nadam: OptimizerRule = OptimizerRule(
    name: "nadam", summary: "Adam that looks ahead along its momentum, as Nesterov's does.",
    options: options(weightDecay: 0, lr: 0.002), states: ["m", "v"],
    numbers: { o, t in
      let (b1, b2) = (o["beta1"], o["beta2"])
      let (now, next) = (momentum(b1, t), momentum(b1, t + 1))
      let (past, ahead) = (momentumProduct(b1, t), momentumProduct(b1, t + 1))
      return [
        (b1, "β₁"), (1 - b1, "(1 − β₁)"), (b2, "β₂"), (1 - b2, "(1 − β₂)"),
        (1 / (1 - raised(b2, t)).squareRoot(), "(1 / √(1 − β₂^t))"), (o["eps"], "ε"),
        (o["lr"] * (1 - now) / (1 - past), "(lr (1 − μ_t) / (1 − Π μ))"),
        (o["lr"] * next / (1 - ahead), "(lr μ_t+1 / (1 − Π μ))"), (o["weight_decay"], "λ"),
      ]
    }
  ) { p, g, state, n, o, _ in
    let g = o["weight_decay"] != 0 ? g + n[8] * p : g
    let m = state[0] * n[0] + g * n[1]
    let v = state[1] * n[2] + g * g * n[3]
    let spread = v.apply(.sqrt) * n[4] + n[5]
    return (p - (n[6] * g + n[7] * m) / spread, [m, v])
  }

  private static let momentumDecay = 0.004

  private static func momentum(_ b1: Double, _ t: Double) -> Double {
    b1 * (1 - 0.5 * pow(0.96, t * momentumDecay))
  }

  /// μ_1 μ_2 … μ_t. With q = 0.96^0.004 its logarithm is t ln β₁ + Σ ln(1 − q^i / 2), and each
  /// ln(1 − u) = −Σ u^k / k, so that the sum over i is geometric.
  private static func momentumProduct(_ b1: Double, _ t: Double) -> Double {
    let logarithm = momentumDecay * log(0.96)
    var (sum, half) = (0.0, 1.0)
    for k in 1...60 {
      let k = Double(k)
      half /= 2
      sum -= half / k * exp(k * logarithm) * expm1(k * t * logarithm) / expm1(k * logarithm)
    }
    return pow(b1, t) * exp(sum)
  }

  /// The rate, moments' decays, and what else Adam has.
  private static func options(weightDecay: Double, lr: Double = 0.001) -> [OptimizerOption] {
    [
      OptimizerOption("lr", lr), OptimizerOption("beta1", 0.9, .share, symbol: "β₁"),
      OptimizerOption("beta2", 0.999, .share, symbol: "β₂"),
      OptimizerOption("eps", 1e-8, symbol: "ε"),
      OptimizerOption("weight_decay", weightDecay, symbol: "λ"),
    ] + OptimizerOption.clipping
  }

  @Sendable private static func moments(_ o: OptimizerOptions, _ t: Double) -> [(
    value: Double, symbol: String
  )] {
    let (b1, b2) = (o["beta1"], o["beta2"])
    return [
      (b1, "β₁"), (1 - b1, "(1 − β₁)"), (b2, "β₂"), (1 - b2, "(1 − β₂)"),
      (1 / (1 - raised(b2, t)).squareRoot(), "(1 / √(1 − β₂^t))"), (o["eps"], "ε"),
      (o["lr"] / (1 - raised(b1, t)), "(lr / (1 − β₁^t))"),
    ]
  }

  @Sendable private static func moments(
    _ p: Node, _ g: Node, _ state: [Node], _ n: OptimizerNumbers
  ) -> (Node, [Node]) {
    let m = state[0] * n[0] + g * n[1]
    let v = state[1] * n[2] + g * g * n[3]
    let spread = v.apply(.sqrt) * n[4] + n[5]
    return (p - n[6] * m / spread, [m, v])
  }

  private static func raised(_ x: Double, _ t: Double) -> Double {
    var result = 1.0
    var base = x
    var n = Int(t)
    while n > 0 {
      if n & 1 == 1 { result *= base }
      base *= base
      n >>= 1
    }
    return result
  }
}
