// Names of other languages and libraries that nns spells otherwise, where a name is looked up and not
// found: functions, methods, arguments. One table each, read by the resolver, the machine and a test.

extension ForeignHabits {
  /// What to write instead of a name that nothing has; nil for what is no habit.
  package static func help(forName name: String) -> String? { names[name] }

  /// All names that are habits, with what to write.
  package static var allNames: [(name: String, help: String)] {
    (names.map { ($0.key, $0.value) } + members.map { ($0.key, $0.value) }).sorted { $0.0 < $1.0 }
  }

  /// The names that are habits wherever they stand.
  package static var names: [String: String] { nameHelps }

  /// What to write instead of `library.member`; nil for what is no habit.
  package static func help(forMember member: String, of library: String) -> String? {
    guard libraries.contains(library) else { return nil }
    if let known = members[member] ?? names[member] { return known }
    return "leave \(library). out: functions need no library before them"
  }

  package static func isLibrary(_ name: String) -> Bool { libraries.contains(name) }

  /// What to write instead of an argument that functions of nns don't have.
  package static func help(forArgument name: String) -> String? { argumentsWithoutNeed[name] }

  /// The parameter that another name stands for: `dim` is `axis`.
  package static func argument(_ name: String) -> String? { arguments[name] }

  /// Modules of Python that people import without thinking of it.
  static let libraries: Set<String> = [
    "np", "numpy", "torch", "nn", "F", "math", "plt", "tf", "jnp", "jax", "keras", "pd", "optim",
    "random", "os", "sys",
  ]

  /// Members of libraries whose name alone would be something else, or is spelt otherwise in nns.
  static let members: [String: String] = [
    "array": "write [1, 2, 3]", "tensor": "write [1, 2, 3] or tensor([1, 2], dtype: f64)",
    "Linear": "write dense(inputs, outputs)", "ReLU": "write relu", "Tanh": "write tanh",
    "Sigmoid": "write sigmoid", "Dropout": "write dropout(0.5)",
    "Softmax": "write softmax", "LayerNorm": "write layer_norm(width)",
    "Sequential": "write a >> b >> c", "Module": "write model Net(width) { … }",
    "Parameter": "write param w = …", "MSELoss": "write mse(prediction, target)",
    "CrossEntropyLoss": "write cross_entropy(scores, classes)",
    "Flatten": "write flatten", "pi": "write pi", "inf": "write inf",
    "nan": "write nan", "newaxis": "write x[.., none]", "float32": "write f32",
    "float64": "write f64", "int32": "write i32", "int64": "write i64",
    "no_grad": "leave it out: a store to a param ends the paths of gradients by itself",
    "plot": "write line(x, y)", "show": "leave it out: a figure shows when it is printed",
    "imshow": "write show(x)", "hist": "write histogram(x)", "scatter": "write scatter(x, y)",
    "SGD": "write sgd(net, lr: 0.1)", "Adam": "write adam(net, lr: 0.001)",
    "read_csv": "write read_csv(\"data.csv\")", "manual_seed": "write seed(0)",
    "seed": "write seed(0)", "random": "write rand(2, 3)", "normal": "write randn(2, 3)",
    "e": "write exp(1)", "matmul": "write a @ b", "dot": "write a @ b", "cat": "write concat(a, b)",
    "concatenate": "write concat(a, b)", "pow": "write x^y", "power": "write x^y",
  ]

  /// Functions of elements as other libraries call them.
  private static let elementNames: [String: String] = [
    "GELU": "write gelu", "LeakyReLU": "write leaky_relu or leaky_relu(_, 0.2)",
    "ELU": "write elu", "SELU": "write selu", "SiLU": "write silu", "swish": "write silu",
    "Swish": "write silu", "Mish": "write mish", "Softplus": "write softplus",
    "Softsign": "write softsign", "Hardtanh": "write hardtanh",
    "Hardsigmoid": "write hardsigmoid", "hard_sigmoid": "write hardsigmoid",
    "Hardswish": "write hardswish", "hard_swish": "write hardswish", "hard_tanh": "write hardtanh",
    "ReLU6": "write relu6", "GLU": "write glu", "PReLU": "write prelu()",
    "LogSigmoid": "write log_sigmoid", "logsigmoid": "write log_sigmoid",
    "isnan": "write is_nan(x)", "isfinite": "write is_finite(x)",
    "isinf": "write abs(x) == inf", "arcsin": "write asin(x)", "arccos": "write acos(x)",
    "arctan": "write atan(x)", "arctan2": "write atan2(y, x)", "arcsinh": "write asinh(x)",
    "arccosh": "write acosh(x)", "arctanh": "write atanh(x)", "ceiling": "write ceil(x)",
    "fix": "write trunc(x)", "rint": "write round(x)", "rsqrt": "write 1 / sqrt(x)",
    "reciprocal": "write 1 / x", "square": "write x^2", "expit": "write sigmoid(x)",
    "log1m": "write log1p(-x)", "fliplr": "write flip(x, axis: 1)",
    "flipud": "write flip(x, axis: 0)", "repeat_interleave": "write repeat(x, 2)",
    "index_add": "write scatter_add(x, indices, rows)",
    "diagonal": "write diag(x)", "diagflat": "write diag(x)",
    "percentile": "write quantile(x, 0.9)",
    "corrcoef": "write corr(x, axis: 1)", "nanmax": "write max(x[not is_nan(x)])",
    "digitize": "write searchsorted(edges, x, right: true)",
    "bucketize": "write searchsorted(edges, x)", "histc": "write histogram_counts(x, bins: 10)",
    "nunique": "write len(unique(x))", "value_counts": "write unique(x, counts: true)",
    "cumulative_sum": "write cumsum(x)", "amax": "write max(x)", "amin": "write min(x)",
  ]

  private static let nameHelps: [String: String] = elementNames.merging(otherNames) { $1 }

  private static let otherNames: [String: String] = [
    "array": "write [1, 2, 3]", "matmul": "write a @ b", "mm": "write a @ b", "dot": "write a @ b",
    "cat": "write concat(a, b)", "concatenate": "write concat(a, b)", "pow": "write x^y",
    "str": "write \"{x}\"", "String": "write \"{x}\"", "int": "write floor(x)",
    "float": "write parse_number(text)",
    "float32": "write f32", "float64": "write f64", "int32": "write i32", "int64": "write i64",
    "double": "write f64", "long": "write i64",
    "zeros_like": "write zeros(x.shape)", "ones_like": "write ones(x.shape)",
    "full_like": "write full(x.shape, value)", "rand_like": "write rand(x.shape)",
    "randn_like": "write randn(x.shape)", "randint": "write integers(0, 10, 5)",
    "random": "write rand(5)", "normal": "write randn(5)", "uniform": "write rand(5)",
    "range": "write 0..10", "println": "write print(x)", "printf": "write print(\"{x:.2f}\")",
    "echo": "write print(x)", "puts": "write print(x)", "console": "write print(x)",
    "display": "write print(x)", "input": "give the program arguments: args holds them",
    "Sequential": "write dense(2, 8) >> relu >> dense(8, 1)", "Linear": "write dense(2, 1)",
    "Dense": "write dense(2, 1)", "ReLU": "write relu", "Tanh": "write tanh",
    "Sigmoid": "write sigmoid", "Dropout": "write dropout(0.5)",
    "MSELoss": "write mse", "CrossEntropyLoss": "write cross_entropy",
    "Adam": "write adam(net, lr: 0.001)", "SGD": "write sgd(net, lr: 0.1)",
    "this": "use the member's name alone", "self": "use the member's name alone",
    "new": "leave new out", "lambda": "write x -> x + 1", "length": "write len(x)",
    "size": "write x.shape", "ndim": "write len(x.shape)", "dim": "write len(x.shape)",
    "numel": "write len(reshape(x, -1))", "sgn": "write sign(x)", "ln": "write log(x)",
    "average": "write mean(x)",
    "absolute": "write abs(x)",
    "clamp": "write clip(x, low, high)",
    "push": "write xs = append(xs, x)", "foldl": "write reduce(xs, f, start)",
    "fold": "write reduce(xs, f, start)", "sorted": "write sort(x)",
    "isinstance": "write type(x) == \"list\"", "typeof": "write type(x)",
    "imread": "write load(\"picture.png\")", "imsave": "write save(x, \"picture.png\")",
    "imshow": "write show(x)", "make_grid": "write image_grid(x)",
    "ImageFolder": "write load_images(\"folder\")", "loadtxt": "write read_csv(\"data.csv\")",
    "savez": "write save({a: x, b: y}, \"arrays.npz\")", "interpolate": "write resize(x, (28, 28))",
    "RandomRotation": "write augment(x, rotate: 10)",
    "RandomHorizontalFlip": "write augment(x, flip: true)",
    "open": "write read_csv(\"data.csv\")", "load_csv": "write read_csv(\"data.csv\")",
    "l1_loss": "write mae(prediction, target)",
    "nll_loss": "write cross_entropy(scores, classes)",
    "pass": "leave it out: a block may be empty",
    "elif": "write } else if c {", "exit": "write error(\"why\")",
    "quit": "leave with :quit",
    "True": "write true", "False": "write false", "np": "leave np. out",
    "torch": "leave torch. out", "nn": "leave nn. out", "math": "leave math. out",
    "plt": "write line(x, y) or scatter(x, y)", "tf": "leave tf. out",
    "numpy": "leave numpy out: its functions are here by name",
    "global": "leave it out: functions see the names around them",
    "nonlocal": "leave it out: functions see the names around them",
    "param": "write param w = zeros(2, 3)",
  ]

  private static let argumentsWithoutNeed: [String: String] = [
    "requires_grad": "write param w = … for a value that is trained",
    "end": "leave it out: print ends its line", "sep": "write join(list(a, b), \", \")",
    "device": "leave it out: there is one device", "inplace": "leave it out: values are values",
    "verbose": "leave it out", "bias_": "write bias: false",
  ]

  private static let arguments: [String: String] = [
    "dim": "axis", "dims": "axis", "axes": "axis", "keepdims": "keep", "keepdim": "keep",
    "learning_rate": "lr", "batch_size": "batch", "n_epochs": "epochs", "momentum_": "momentum",
    "optim": "optimizer", "validation_data": "validation", "p": "rate", "in_features": "inputs",
    "out_features": "outputs", "label": "labels", "criterion": "loss",
  ]
}
