"""jax: a jitted call a step, or (MODE scan) many steps in one jitted loop."""

import common
import jax
import jax.numpy as jnp
import numpy as np

random = np.random.default_rng(0)
isScan = common.MODE == "scan"
each = jax.tree.map
BATCH = 128


def normal(*shape, scale=1.0):
    return jnp.asarray((random.standard_normal(shape) * scale).astype(np.float32))


def dense(inputs, outputs):
    weight = random.uniform(-1, 1, (inputs, outputs)).astype(np.float32) / inputs**0.5
    return jnp.asarray(weight), jnp.zeros(outputs)


def adam_state(values):
    return values, each(jnp.zeros_like, values), each(jnp.zeros_like, values), jnp.float32(0)


def adam(state, gradients, rate, beta2=0.999, decay=0.0):
    values, m, v, count = state
    count = count + 1
    m = each(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
    v = each(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, gradients)
    a, k = rate / (1 - 0.9**count), 1 / (1 - beta2**count)
    values = each(
        lambda p, m, v: p * (1 - rate * decay) - a * m / (jnp.sqrt(v * k) + 1e-8), values, m, v)
    return values, m, v, count


def regression():
    x = np.linspace(0, 10, 100, dtype=np.float32).reshape(-1, 1)
    y = (2 * x + 1 + random.standard_normal((100, 1))).astype(np.float32)
    gradient = jax.grad(lambda p, x, y: jnp.mean((x @ p[0] + p[1] - y)**2))

    def step(p, x, y):
        return each(lambda p, g: p - 0.01 * g, p, gradient(p, x, y))

    p = jnp.full((1, 1), 0.5), jnp.zeros(1)
    if isScan:
        xs, ys, key = jnp.asarray(x), jnp.asarray(y), jax.random.key(0)

        def epoch(p, key):
            order = jax.random.permutation(key, 100)
            for i in range(0, 100, 32):
                p = step(p, xs[order[i:i + 32]], ys[order[i:i + 32]])
            return p, 0

        many = jax.jit(lambda p: jax.lax.scan(epoch, p, jax.random.split(key, 1000))[0])

        def epochs():
            nonlocal p
            p = many(p)
            p[0].block_until_ready()
    else:
        one = jax.jit(step)

        def epochs():
            nonlocal p
            for _ in range(1000):
                order = random.permutation(100)
                for i in range(0, 100, 32):
                    p = one(p, x[order[i:i + 32]], y[order[i:i + 32]])
            p[0].block_until_ready()

    epochs()
    whole, most = common.alive(), common.peak()
    return dict(process=whole, peak=most, step=common.best(epochs, 5, 0) / 4000 * 1e6)


def xor(steps=2000):
    x = jnp.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    y = jnp.array([[0], [1], [1], [0.0]])
    p = [normal(2, 8), normal(8), normal(8, 1), normal(1)]

    def loss(p):
        return jnp.mean((jax.nn.sigmoid(jnp.tanh(x @ p[0] + p[1]) @ p[2] + p[3]) - y)**2)

    def step(p):
        value, gradients = jax.value_and_grad(loss)(p)
        return each(lambda p, g: p - 0.5 * g, p, gradients), value

    one = jax.jit(step)
    many = jax.jit(lambda p: jax.lax.scan(lambda p, _: step(p), p, None, steps))

    def run():
        nonlocal p
        if isScan:
            p, _ = many(p)
        else:
            for _ in range(steps):
                p, _ = one(p)
        p[0].block_until_ready()

    return dict(step=common.best(run, 5) / steps * 1e6)


def digits(steps=200):
    x = random.random((60000, 784), np.float32) - np.float32(0.5)
    y = jnp.asarray((x @ random.standard_normal((784, 10), np.float32)).argmax(1))
    x = jnp.asarray(x)

    def loss(p, x, y):
        for w, b in p[:-1]:
            x = jax.nn.relu(x @ w + b)
        z = jax.nn.log_softmax(x @ p[-1][0] + p[-1][1])
        return -jnp.mean(jnp.take_along_axis(z, y[:, None], 1))

    def step(state, x, y):
        value, gradients = jax.value_and_grad(loss)(state[0], x, y)
        return adam(state, gradients, 1e-3), value

    state = adam_state([dense(784, 512), dense(512, 512), dense(512, 10)])
    if isScan:
        xs = x[:BATCH * steps].reshape(steps, BATCH, 784)
        ys = y[:BATCH * steps].reshape(steps, BATCH)
        many = jax.jit(
            lambda s, x, y: jax.lax.scan(lambda s, xy: step(s, *xy), s, (x, y)), donate_argnums=0)
    else:
        part = jax.lax.dynamic_slice_in_dim
        one = jax.jit(
            lambda s, x, y, i: step(s, part(x, i * BATCH, BATCH), part(y, i * BATCH, BATCH)),
            donate_argnums=0)

    def run():
        nonlocal state
        if isScan:
            state, _ = many(state, xs, ys)
        else:
            for i in range(steps):
                state, _ = one(state, x, y, i)
        state[3].block_until_ready()

    return dict(rate=steps * BATCH / common.best(run), peak=common.peak())


LETTERS, BLOCK, WIDTH, HEADS = 65, 64, 128, 4


def norm(x, scale, shift):
    d = x - x.mean(-1, keepdims=True)
    return d * jax.lax.rsqrt((d * d).mean(-1, keepdims=True) + 1e-5) * scale + shift


def block_of(x, p):
    n, t, d = x.shape
    parts = jnp.split(norm(x, *p["norm1"]) @ p["qkv"][0] + p["qkv"][1], 3, -1)
    q, k, v = (s.reshape(n, t, HEADS, d // HEADS).transpose(0, 2, 1, 3) for s in parts)
    scores = q @ k.transpose(0, 1, 3, 2) / (d // HEADS)**0.5
    seen = jnp.tril(jnp.ones((t, t), bool))
    mixed = jax.nn.softmax(jnp.where(seen, scores, -1e30)) @ v
    x = x + mixed.transpose(0, 2, 1, 3).reshape(n, t, d) @ p["out"][0] + p["out"][1]
    up = jax.nn.gelu(norm(x, *p["norm2"]) @ p["up"][0] + p["up"][1], approximate=False)
    return x + up @ p["down"][0] + p["down"][1]


def transformer(steps=20, batch=12):
    def norm_values():
        return jnp.ones(WIDTH), jnp.zeros(WIDTH)

    def linear(i, o):
        return normal(i, o, scale=0.02), jnp.zeros(o)

    blocks = [
        dict(norm1=norm_values(), norm2=norm_values(), qkv=linear(WIDTH, 3 * WIDTH),
             out=linear(WIDTH, WIDTH), up=linear(WIDTH, 4 * WIDTH), down=linear(4 * WIDTH, WIDTH))
        for _ in range(4)]
    values = dict(tokens=normal(LETTERS, WIDTH, scale=0.02), blocks=blocks,
                  places=normal(BLOCK, WIDTH, scale=0.02), norm=norm_values())

    def loss(p, i, y):
        x = p["tokens"][i] + p["places"]
        for block in p["blocks"]:
            x = block_of(x, block)
        z = jax.nn.log_softmax(norm(x, *p["norm"]) @ p["tokens"].T)
        return -jnp.take_along_axis(z, y[..., None], -1).mean()

    def step(state, i, y):
        value, gradients = jax.value_and_grad(loss)(state[0], i, y)
        return adam(state, gradients, 1e-3, beta2=0.99, decay=0.1), value

    one, state = jax.jit(step, donate_argnums=0), adam_state(values)
    data, ahead = random.integers(0, LETTERS, 100_000).astype(np.int32), np.arange(BLOCK)

    def run():
        nonlocal state
        for _ in range(steps):
            places = random.integers(0, len(data) - BLOCK - 1, (batch, 1)) + ahead
            state, _ = one(state, data[places], data[places + 1])
        state[3].block_until_ready()

    return dict(step=common.best(run) / steps * 1e3)


def gan(steps=100):
    x = jnp.asarray(random.random((BATCH * steps, 784), np.float32))

    def net(p, x, activation):
        for w, b in p[:-1]:
            x = activation(x @ w + b)
        return x @ p[-1][0] + p[-1][1]

    def make(p, z):
        return jnp.tanh(net(p, z, jax.nn.relu))

    def judge(p, x):
        return net(p, x, lambda x: jnp.where(x > 0, x, 0.2 * x))

    def bce(logits, target):
        return (jnp.maximum(logits, 0) - logits * target
                + jnp.log1p(jnp.exp(-jnp.abs(logits)))).mean()

    def step(maker, judges, i, key):
        key, draw = jax.random.split(key)
        z = jax.random.normal(draw, (BATCH, 64))
        real, made = jax.lax.dynamic_slice_in_dim(x, i * BATCH, BATCH), make(maker[0], z)
        gradients = jax.grad(lambda p: bce(judge(p, real), 1.0) + bce(judge(p, made), 0.0))(
            judges[0])
        judges = adam(judges, gradients, 2e-4)
        gradients = jax.grad(lambda p: bce(judge(judges[0], make(p, z)), 1.0))(maker[0])
        return adam(maker, gradients, 2e-4), judges, key

    one, key = jax.jit(step, donate_argnums=(0, 1)), jax.random.key(0)
    maker = adam_state([dense(64, 256), dense(256, 256), dense(256, 784)])
    judges = adam_state([dense(784, 256), dense(256, 256), dense(256, 1)])

    def run():
        nonlocal maker, judges, key
        for i in range(steps):
            maker, judges, key = one(maker, judges, i, key)
        maker[3].block_until_ready()

    return dict(rate=steps * BATCH / common.best(run))


def vae(steps=100):
    x = jnp.asarray(random.random((BATCH * steps, 784), np.float32))

    def loss(p, x, key):
        see, mean, variance, first, second = p
        h = jax.nn.relu(x @ see[0] + see[1])
        m, v = h @ mean[0] + mean[1], h @ variance[0] + variance[1]
        z = m + jax.random.normal(key, m.shape) * jnp.exp(0.5 * v)
        y = jax.nn.relu(z @ first[0] + first[1]) @ second[0] + second[1]
        unlike = jnp.maximum(y, 0) - y * x + jnp.log1p(jnp.exp(-jnp.abs(y)))
        return unlike.sum() - 0.5 * jnp.sum(1 + v - m * m - jnp.exp(v))

    def step(state, i, key):
        key, draw = jax.random.split(key)
        rows = jax.lax.dynamic_slice_in_dim(x, i * BATCH, BATCH)
        return adam(state, jax.grad(loss)(state[0], rows, draw), 1e-3), key

    one, key = jax.jit(step, donate_argnums=0), jax.random.key(0)
    state = adam_state(
        [dense(784, 400), dense(400, 20), dense(400, 20), dense(20, 400), dense(400, 784)])

    def run():
        nonlocal state, key
        for i in range(steps):
            state, key = one(state, i, key)
        state[3].block_until_ready()

    return dict(vae=steps * BATCH / common.best(run))


def chain():
    def f(a, b, c):
        return jnp.sum(jnp.tanh(a * b + c) * jnp.exp(-a * a))

    values, one, both = {}, jax.jit(f), jax.jit(jax.value_and_grad(f, (0, 1, 2)))
    for n in common.SIZES:
        operands = [jax.random.normal(jax.random.key(i), (n,)) for i in range(3)]
        values[f"forward {n}"] = common.each(
            lambda: one(*operands).block_until_ready()) / n * 1e9
        values[f"both {n}"] = common.each(
            lambda: both(*operands)[0].block_until_ready()) / n * 1e9
    return values


def numbers():
    def f(x, a, b):
        for _ in range(500):
            x = jnp.tanh(x * a + b)
        return x

    one = jax.jit(jax.value_and_grad(f, (0, 1, 2)))
    operands = [jnp.float32(v) for v in (0.5, 0.9, 0.1)]

    def run(count=1):
        for _ in range(count):
            r = one(*operands)
        r[0].block_until_ready()

    first = common.best(run, 1, 0)
    return {"first": first * 1e6, "known": common.best(lambda: run(200), 5) / 200 * 1e6}


def products():
    values, one = {}, jax.jit(lambda a, b: a @ b)
    for n in common.SQUARES:
        a, b = jnp.asarray(random.random((n, n), np.float32)), normal(n, n)
        values[str(n)] = 2 * n**3 / common.each(lambda: one(a, b).block_until_ready()) / 1e9
    return values


def generators():
    return {**gan(), **vae()}


common.main(dict(
    W2=regression, W3=xor, W4=digits, W6=transformer, W7=generators,
    W8=chain, W11=numbers, W14=products))
