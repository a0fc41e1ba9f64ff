// Descent along the gradient.

import Autodiff

extension Optimizers {
  /// v ← μ v + g, w ← w − lr v (Nesterov: g + μ v), PyTorch's form.
  package static let sgd: OptimizerRule = OptimizerRule(
    name: "sgd", summary: "Stochastic gradient descent, with momentum and weight decay.",
    options: [
      OptimizerOption("lr", 0.01), OptimizerOption("momentum", 0, .share, symbol: "μ"),
      OptimizerOption("nesterov", 0, .flag), OptimizerOption("weight_decay", 0, symbol: "λ"),
    ] + OptimizerOption.clipping, states: ["velocity"],
    numbers: { o, _ in [(o["lr"], "lr"), (o["momentum"], "μ"), (o["weight_decay"], "λ")] }
  ) { p, g, state, n, o, t in
    let (rate, mu, decay) = (0, 1, 2)
    var g = g
    if o["weight_decay"] != 0 { g = g + n[decay] * p }
    guard o["momentum"] != 0 else { return (p - n[rate] * g, state) }
    let velocity = t == 1 ? g : n[mu] * state[0] + g
    let direction = o["nesterov"] != 0 ? g + n[mu] * velocity : velocity
    return (p - n[rate] * direction, [velocity])
  }
}
