"""Writes the figures of lstm, gru, attention and transformer blocks: what PyTorch says.

    pip install numpy torch safetensors
    python Tests/Figures/sequences.py .build/release/nns
"""

import sys

import torch
from safetensors.torch import save_file

from cases import FOLDER, files, grid, literal, write


def filled(module):
    """The module with numbers of the grid as its params."""
    for tensor in module.parameters():
        tensor.data = torch.tensor(grid(*tensor.shape, low=-0.5, high=0.5))
    return module


def compare(name, net, nns, shape, run, call="net(x)", operands=()):
    """Result and gradients of a module that nns loads from its state_dict (f32)."""
    x = torch.tensor(grid(*shape), requires_grad=True)
    y = run(net, x)
    weights = grid(*y.shape)
    (y * torch.tensor(weights)).sum().backward()
    path = f"pytorch-{name}.safetensors"
    state = {k: v.to(torch.float32).contiguous() for k, v in net.state_dict().items()}
    save_file(state, FOLDER / path, metadata={"format": "pt"})
    file = files[f"pytorch-{name}"] = [
        f"let net = {nns}", f"let x = {literal(x.detach().numpy())}.f32", *operands,
        f'load(net, "{{script_folder}}/{path}", from: "pytorch")',
        f"agrees({call}.f32, {literal(y.detach().numpy())}, f32, 2e-6)  # => true",
        f"let weights = {literal(weights)}.f32",
        f"agrees(grad(x -> sum({call} * weights))(x), {literal(x.grad.numpy())}, f32, 1e-5)  # => true",
        f"backward(sum({call} * weights))",
    ]
    return file


def recurrent(name, module, **words):
    net = filled(module(3, 4, batch_first=True))
    run = lambda net, x: net(x)[0]
    file = compare(name, net, f"{name}(3, 4)", (2, 6, 3), run)
    file += [
        f"agrees(net.weight_h.grad.f32, {literal(net.weight_hh_l0.grad.numpy().T)}, f32, 1e-5)  # => true",
        f"agrees(net.weight_x.grad.f32, {literal(net.weight_ih_l0.grad.numpy().T)}, f32, 1e-5)  # => true",
    ]
    # Rows of different length: packed sequences.
    x = torch.tensor(grid(3, 5, 3))
    lengths = torch.tensor([5, 2, 3])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        x, lengths, batch_first=True, enforce_sorted=False)
    whole, state = net(packed)
    padded, _ = torch.nn.utils.rnn.pad_packed_sequence(whole, batch_first=True)
    last = state[0] if isinstance(state, tuple) else state
    file += [
        f"let rows = {literal(x.numpy())}.f32",
        f"agrees(net(rows, lengths: [5, 2, 3]).f32, {literal(padded.detach().numpy())}, f32, 2e-6)"
        "  # => true",
        f"let end = {name}(3, 4, last: true)", "end.weight_x = net.weight_x",
        "end.weight_h = net.weight_h",
        *(["end.bias = net.bias"] if name == "lstm"
          else ["end.bias_x = net.bias_x", "end.bias_h = net.bias_h"]),
        f"agrees(end(rows, lengths: [5, 2, 3]).f32, {literal(last[0].detach().numpy())}, f32, 2e-6)"
        "  # => true",
    ]
    # The way back: the same on the rows turned round.
    turned = torch.flip(net(torch.flip(x, (1,)))[0], (1,))
    file += [
        f"let back = {name}(3, 4, reverse: true)", "back.weight_x = net.weight_x",
        "back.weight_h = net.weight_h",
        *(["back.bias = net.bias"] if name == "lstm"
          else ["back.bias_x = net.bias_x", "back.bias_h = net.bias_h"]),
        f"agrees(back(rows).f32, {literal(turned.detach().numpy())}, f32, 2e-6)  # => true",
    ]


def attention():
    net = filled(torch.nn.MultiheadAttention(6, 2, batch_first=True))
    hidden = torch.triu(torch.ones(4, 4, dtype=torch.bool), diagonal=1)
    run = lambda net, x: net(x, x, x, attn_mask=hidden, need_weights=False)[0]
    file = compare("attention", net, "multi_head_attention(6, 2, causal: true)", (2, 4, 6), run)
    file += [
        f"agrees(net.in_weight.grad.f32, {literal(net.in_proj_weight.grad.numpy().T)}, f32, 1e-5)"
        "  # => true"]
    x, memory = torch.tensor(grid(2, 3, 6)), torch.tensor(grid(2, 5, 6))
    seen = torch.tensor([[True, True, False, True, True], [False, True, True, True, False],
                         [True, False, True, True, True]])
    y, _ = net(x, memory, memory, attn_mask=~seen, need_weights=False)
    file += [
        "let plain = multi_head_attention(6, 2)", "plain.in_weight = net.in_weight",
        "plain.in_bias = net.in_bias", "plain.out_weight = net.out_weight",
        "plain.out_bias = net.out_bias",
        f"let memory = {literal(memory.numpy())}.f32",
        f"let seen = tensor({literal(seen.numpy().astype(int))[7:].split(', dtype')[0]}) == 1",
        f"agrees(plain({literal(x.numpy())}.f32, memory: memory, mask: seen).f32, "
        f"{literal(y.detach().numpy())}, f32, 2e-6)  # => true",
    ]


class Block(torch.nn.Module):
    """A block whose norms come first, named as in nns."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = torch.nn.LayerNorm(6), torch.nn.LayerNorm(6)
        self.attention = torch.nn.MultiheadAttention(6, 3, batch_first=True)
        self.up, self.down = torch.nn.Linear(6, 10), torch.nn.Linear(10, 6)

    def forward(self, x):
        n = self.norm1(x)
        y = x + self.attention(n, n, n, need_weights=False)[0]
        return y + self.down(torch.nn.functional.gelu(self.up(self.norm2(y))))


def block():
    compare("block", filled(Block()), "transformer_block(6, 3, hidden: 10)", (2, 4, 6),
            lambda net, x: net(x))


def main():
    recurrent("lstm", torch.nn.LSTM)
    recurrent("gru", torch.nn.GRU)
    attention()
    block()
    write("sequences.py", sys.argv[1])


if __name__ == "__main__":
    main()
