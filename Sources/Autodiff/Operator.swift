import Engine

/// One operator: everything that nns knows about it, in one record.
///
/// Builtin, help, completion, gradient check, explain line and fuzz cases are readers of the
/// records in `Catalogue.all`. Adding an operator is adding a record to a file of its family and
/// its name to that family's list.
package final class Operator: Sendable {
  package typealias Infer =
    @Sendable (_ inputs: [TensorType], _ attributes: Attributes) throws(OperatorProblem)
    -> TensorType
  package typealias Kernel = @Sendable (_ call: KernelCall) throws(OperatorProblem) -> Void

  /// How a gradient passes through.
  package enum Gradient: Sendable {
    /// Given the gradient of the result, the gradients of the operands; nil where an operand gets
    /// none. Results may have the broadcast shape: the transform sums over stretched axes.
    case rule(@Sendable (_ upstream: Node, _ node: Node) -> [Node?])
    /// Why there is none; the text of the error.
    case none(because: String)
  }

  /// One parameter of the operator as a function of the language.
  package struct Parameter: Sendable {
    package enum Kind: Sendable {
      /// A tensor operand (a number is converted to a 0-d tensor).
      case tensor
      /// One or more tensor operands, as arguments or one list.
      case tensors
      /// `none`, an axis or several: `Attributes.axes`, normalised against operand 0.
      case axes
      /// One axis, never none.
      case axis
      /// `Attributes.keep`.
      case keep
      /// `Attributes.flag`.
      case flag
      /// A whole number appended to `Attributes.sizes`.
      case size
      /// Sizes as arguments or one list: `Attributes.sizes`.
      case sizes
      /// An order of axes, as arguments or one list, negative ones from the end: `Attributes.sizes`.
      case order
      /// A number of the source appended to `Attributes.reals`, with what it is where it was left
      /// out.
      case real(Double)
      /// `Attributes.dtype`.
      case dtype
      /// `Attributes.text`.
      case text
    }

    package enum Default: Sendable, Equatable {
      case required, none
      case number(Double)
      case bool(Bool)
    }

    package let name: String
    package let kind: Kind
    package let defaultValue: Default

    package init(_ name: String, _ kind: Kind, default defaultValue: Default = .required) {
      self.name = name
      self.kind = kind
      self.defaultValue = defaultValue
    }
  }

  /// How one element of the result is made of elements of the operands; the walk writes it out.
  package enum Elements: Sendable {
    /// Which axes count where `Attributes.axes` is nil.
    package enum Axes: Sendable { case all, last }

    /// By the record's formula, from the elements at the same place; stretched operands repeat.
    case each
    /// By a formula in which Σ and Π run over the elements along some axes, n of them.
    case along(Axes, String)
    /// Rows of the first operand times columns of the second.
    case products
    /// Products of other pairs of the operands' elements, added up.
    case pairs(ElementPairs)
    /// As the gradient rule tells: elements that are moved, chosen or added up.
    case derived
  }

  /// Which elements of two operands are multiplied, and the products added up.
  package struct ElementPairs: Sendable {
    /// The pairs of an element of the result.
    package let pairs: @Sendable (_ node: Node, _ result: Int) -> [(a: Int, b: Int)]
    /// The elements of the result in which an operand's element stands, each with its partner.
    package let partners:
      @Sendable (_ node: Node, _ operand: Int, _ element: Int) -> [(result: Int, partner: Int)]
  }

  /// What a plan may make of a call instead of running its kernel; see `Autodiff/Plans`.
  package enum Role: Sendable {
    /// Nothing: the kernel runs.
    case kernel
    /// Part of a fused loop. The kernel runs the same instruction alone.
    case element(TileOperation)
    /// The end of a fused loop: a sum or mean over `Attributes.axes`.
    case sum(isMean: Bool)
    /// The operand, repeated: who reads it reads the operand.
    case stretch
    /// The operand with its axes in another order, `Attributes.sizes`.
    case transpose
    /// The operand's numbers in another shape.
    case view
    /// A matrix product.
    case product
  }

  /// Operands on which the tests check the gradient.
  package struct Sample: Sendable {
    package enum Operand: Sendable {
      /// Random numbers of the record's domain, which the check varies.
      case varied([Int])
      /// These numbers, which the check varies: a well-conditioned matrix, factors of zero.
      case near([Int], [Double])
      /// These numbers, which stay as they are: indices, class numbers, a mask.
      case fixed([Int], [Double], DType)

      package var shape: [Int] {
        switch self {
        case .varied(let shape), .near(let shape, _), .fixed(let shape, _, _): shape
        }
      }
    }

    package var operands: [Operand]
    package var attributes: Attributes
    package var shapes: [[Int]] { operands.map(\.shape) }

    /// The attributes as a call records them: axes counted from the end are counted from the front.
    package func recordedAttributes() throws(OperatorProblem) -> Attributes {
      var recorded = attributes
      if let axes = attributes.axes, let rank = shapes.first?.count, rank > 0 {
        recorded.axes = try Attributes.axes(axes, rank: rank).sorted()
      }
      return recorded
    }

    package init(_ shapes: [[Int]], _ attributes: Attributes = Attributes()) {
      self.init(operands: shapes.map { .varied($0) }, attributes)
    }

    package init(operands: [Operand], _ attributes: Attributes = Attributes()) {
      self.operands = operands
      self.attributes = attributes
    }
  }

  package let name: String
  package let summary: String
  package let parameters: [Parameter]
  package let infer: Infer
  package let kernel: Kernel
  package let gradient: Gradient
  /// The forward formula with `{0}`, `{1}` for the operands: `{0} @ {1}`; how explain prints it.
  package let formula: String
  /// The derivatives as text, one per operand; the last serves all further ones. `{0}` … are the
  /// operands, `{x}` the one it is about, `{y}` the result, `{g}` the upstream gradient, without
  /// which the text is what the upstream gradient is multiplied by.
  package let notation: [String]?
  /// The notation where it depends on the operands' shapes or numbers.
  package let notationForm: (@Sendable (_ node: Node) -> [String]?)?
  package let elements: Elements
  /// The same in simpler operators, for a step that opens; operands as in `node`.
  package let composition: (@Sendable (_ inputs: [Node], _ node: Node) -> Node)?
  /// Where the gradient check samples its operands, and points that it keeps away from.
  package let domain: ClosedRange<Double>
  package let kinks: [Double]
  package let samples: [Sample]
  /// Programs with `# =>` lines.
  package let examples: [String]
  /// Hidden operators have no name in the language (leaves, parts of gradients).
  package let isHidden: Bool
  /// Whether the result is the operand itself: no kernel runs.
  package let isAlias: Bool
  /// Whether the result is the first operand with some elements changed: the kernel leaves the others as
  /// they are where both have the same memory.
  package let changesElements: Bool
  package let role: Role
  /// Number of the record; part of plan keys.
  package let id: Int

  package init(
    name: String, summary: String, parameters: [Parameter], formula: String,
    infer: @escaping Infer, kernel: @escaping Kernel, gradient: Gradient,
    notation: [String]? = nil, notationForm: (@Sendable (_ node: Node) -> [String]?)? = nil,
    elements: Elements = .derived,
    composition: (@Sendable (_ inputs: [Node], _ node: Node) -> Node)? = nil,
    domain: ClosedRange<Double> = -2...2, kinks: [Double] = [], samples: [Sample] = [],
    examples: [String] = [], isHidden: Bool = false, isAlias: Bool = false,
    changesElements: Bool = false, role: Role = .kernel
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.formula = formula
    self.infer = infer
    self.kernel = kernel
    self.gradient = gradient
    self.notation = notation
    self.notationForm = notationForm
    self.elements = elements
    self.composition = composition
    self.domain = domain
    self.kinks = kinks
    self.samples = samples
    self.examples = examples
    self.isHidden = isHidden
    self.isAlias = isAlias
    self.changesElements = changesElements
    self.role = role
    self.id = Operator.nextID()
  }
}

/// What a kernel gets: computed operands and a result buffer to fill, all contiguous.
package struct KernelCall {
  package let inputs: [Buffer]
  package let inputShapes: [Shape]
  package let output: Buffer
  package let shape: Shape
  package let attributes: Attributes

  package init(
    inputs: [Buffer], inputShapes: [Shape], output: Buffer, shape: Shape, attributes: Attributes
  ) {
    self.inputs = inputs
    self.inputShapes = inputShapes
    self.output = output
    self.shape = shape
    self.attributes = attributes
  }
}
