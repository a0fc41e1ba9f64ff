// Rates by the size that gradients had.

import Autodiff

extension Optimizers {
  /// Hinton 2012, PyTorch's form: v ← α v + (1 − α) g², w ← w − lr g / (√v + ε).
  package static let rmsprop: OptimizerRule = OptimizerRule(
    name: "rmsprop", summary: "Step sizes from a running mean of the squared gradient.",
    options: [
      OptimizerOption("lr", 0.01), OptimizerOption("alpha", 0.99, .share, symbol: "α"),
      OptimizerOption("eps", 1e-8, symbol: "ε"),
      OptimizerOption("momentum", 0, .share, symbol: "μ"),
      OptimizerOption("centered", 0, .flag, help: "the variance instead of the squared mean"),
      OptimizerOption("weight_decay", 0, symbol: "λ"),
    ] + OptimizerOption.clipping, states: ["v", "velocity", "m"],
    numbers: { o, _ in
      [
        (o["lr"], "lr"), (o["alpha"], "α"), (1 - o["alpha"], "(1 − α)"), (o["eps"], "ε"),
        (o["momentum"], "μ"), (o["weight_decay"], "λ"),
      ]
    }
  ) { p, g, state, n, o, _ in
    let (rate, alpha, rest, eps, mu, decay) = (0, 1, 2, 3, 4, 5)
    let g = o["weight_decay"] != 0 ? g + n[decay] * p : g
    var state = state
    state[0] = state[0] * n[alpha] + g * g * n[rest]
    var square = state[0]
    if o["centered"] != 0 {
      state[2] = state[2] * n[alpha] + g * n[rest]
      // Rounding may take the difference below 0.
      square = (square - state[2] * state[2]).apply(.maximum, [p.graph.constant(0, p.dtype)])
    }
    let direction = g / (square.apply(.sqrt) + n[eps])
    guard o["momentum"] != 0 else { return (p - n[rate] * direction, state) }
    state[1] = n[mu] * state[1] + direction
    return (p - n[rate] * state[1], state)
  }

  /// Duchi, Hazan and Singer 2011: s ← s + g², w ← w − lr g / (√s + ε).
  package static let adagrad: OptimizerRule = OptimizerRule(
    name: "adagrad", summary: "Step sizes from the sum of all squared gradients so far.",
    options: [
      OptimizerOption("lr", 0.01), OptimizerOption("eps", 1e-10, symbol: "ε"),
      OptimizerOption("lr_decay", 0, symbol: "δ", help: "lr / (1 + (t − 1) lr_decay) at step t"),
      OptimizerOption("weight_decay", 0, symbol: "λ"),
    ] + OptimizerOption.clipping, states: ["sum"],
    numbers: { o, t in
      let rate = o["lr"] / (1 + (t - 1) * o["lr_decay"])
      return [
        (rate, o["lr_decay"] == 0 ? "lr" : "(lr / (1 + (t − 1) δ))"), (o["eps"], "ε"),
        (o["weight_decay"], "λ"),
      ]
    }
  ) { p, g, state, n, o, _ in
    let g = o["weight_decay"] != 0 ? g + n[2] * p : g
    let sum = state[0] + g * g
    return (p - n[0] * g / (sum.apply(.sqrt) + n[1]), [sum])
  }
}
