// The optimizers there are.

package enum Optimizers {
  package static let all: [OptimizerRule] = [sgd, adam, adamw, nadam, rmsprop, adagrad]
}
