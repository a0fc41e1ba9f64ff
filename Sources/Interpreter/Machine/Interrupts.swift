// How work is stopped from outside: the flag of the engine, for those who do not import it.

import Engine

package typealias Interrupts = Engine.Interrupts
